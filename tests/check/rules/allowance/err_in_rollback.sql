CREATE TABLE IF NOT EXISTS teams (a text);

-- Rollback:
--   -- allow: drop-table: it is new.
--   DROP TABLE teams;
--   -- Data loss: all teams.
