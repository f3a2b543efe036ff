-- Rollback:
--   DROP TABLE a;

CREATE TABLE IF NOT EXISTS a (b int);
