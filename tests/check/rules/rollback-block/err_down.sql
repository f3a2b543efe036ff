CREATE TABLE IF NOT EXISTS a (b int);

-- Down:
--   DROP TABLE a;
--   -- Data loss: all of a.
