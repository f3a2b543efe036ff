CREATE TABLE IF NOT EXISTS a (b int);

-- Irreversible: the rows are gone.
-- Rollback:
--   DROP TABLE a;
--   -- Data loss: all of a.
