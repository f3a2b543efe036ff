CREATE TABLE IF NOT EXISTS a (b int);

-- Undo:
--   DROP TABLE a;
--   -- Data loss: all of a.
