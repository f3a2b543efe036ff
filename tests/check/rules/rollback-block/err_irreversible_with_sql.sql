CREATE TABLE IF NOT EXISTS a (b int);

-- Rollback:
--   Irreversible: the rows are gone.
--   DROP TABLE a;
