CREATE TABLE IF NOT EXISTS plans (name text NOT NULL);
ALTER TABLE plans ADD COLUMN IF NOT EXISTS level int NOT NULL;

-- Nothing to undo: it is a fixture.
