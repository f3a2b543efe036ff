CREATE TABLE IF NOT EXISTS a (b int);

-- Rollback:
--   -- Data loss: all of a.
DROP TABLE a;
