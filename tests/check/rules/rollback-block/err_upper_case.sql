CREATE TABLE IF NOT EXISTS a (b int);

-- ROLLBACK:
--   DROP TABLE a;
--   -- Data loss: all of a.
