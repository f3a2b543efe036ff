-- migrate: lock-timeout=500ms
CREATE TABLE IF NOT EXISTS a (b int);

-- Rollback:
--   DROP TABLE a;
--   -- Data loss: all of a.
