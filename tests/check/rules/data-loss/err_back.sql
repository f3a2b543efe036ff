-- Data loss: a note up here speaks of the way forward only.
CREATE TABLE IF NOT EXISTS a (b int);

-- Rollback:
--   DROP TABLE a;
