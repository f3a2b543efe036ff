-- Data loss: all of it.
ALTER TABLE users DROP COLUMN IF EXISTS plan, DROP COLUMN IF EXISTS level;

-- Irreversible: it is a fixture.
