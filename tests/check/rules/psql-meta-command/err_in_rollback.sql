CREATE TABLE IF NOT EXISTS a (b int);

-- Rollback:
--   \c postgres
--   DROP TABLE a;
--   -- Data loss: all of a.
