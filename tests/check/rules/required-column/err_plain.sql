ALTER TABLE users ADD COLUMN IF NOT EXISTS country text NOT NULL;

-- Nothing to undo: it is a fixture.
