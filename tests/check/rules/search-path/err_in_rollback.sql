CREATE TABLE IF NOT EXISTS a (b int);

-- Rollback:
--   SET search_path = b;
--   DROP TABLE a;
--   -- Data loss: all of a.
