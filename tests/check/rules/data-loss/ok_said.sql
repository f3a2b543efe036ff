-- Data loss: sessions older than a day.
DELETE FROM sessions WHERE age > 1;
CREATE TABLE IF NOT EXISTS a (b int);

-- Rollback:
--   DROP TABLE a;
--   -- Data loss: all of a.
