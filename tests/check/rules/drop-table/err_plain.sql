-- Data loss: all of it.
DROP TABLE IF EXISTS teams CASCADE;

-- Irreversible: it is a fixture.
