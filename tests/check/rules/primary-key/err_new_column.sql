ALTER TABLE log ADD COLUMN IF NOT EXISTS id uuid PRIMARY KEY;

-- Nothing to undo: it is a fixture.
