CREATE TABLE IF NOT EXISTS plans (name text);
ALTER TABLE plans ALTER COLUMN name SET NOT NULL;

-- Nothing to undo: it is a fixture.
