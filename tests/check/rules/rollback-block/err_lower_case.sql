CREATE TABLE IF NOT EXISTS a (b int);

-- rollback:
--   DROP TABLE a;
--   -- Data loss: all of a.
