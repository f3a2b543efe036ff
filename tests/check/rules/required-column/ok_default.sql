ALTER TABLE users ADD COLUMN IF NOT EXISTS country text NOT NULL DEFAULT 'XX', ADD COLUMN IF NOT EXISTS town text;

-- Nothing to undo: it is a fixture.
