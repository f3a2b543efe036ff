DELETE FROM b;
CREATE TABLE IF NOT EXISTS a (b int);

-- Rollback:
--   DROP TABLE a;
