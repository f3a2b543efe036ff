CREATE TABLE IF NOT EXISTS a (b int);

-- Rollback:
--   BEGIN;
--   DROP TABLE a;
--   COMMIT;
--   -- Data loss: all of a.
