CREATE TABLE IF NOT EXISTS a (b int);

-- Rollback:
--   SET lock_timeout = 0;
--   DROP TABLE a;
--   -- Data loss: all of a.
