ALTER TABLE users ADD COLUMN IF NOT EXISTS short_plan varchar(20);

-- Nothing to undo: it is a fixture.
