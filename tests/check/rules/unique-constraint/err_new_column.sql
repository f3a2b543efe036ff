ALTER TABLE users ADD COLUMN IF NOT EXISTS name text UNIQUE;

-- Nothing to undo: it is a fixture.
