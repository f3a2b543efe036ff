ALTER TABLE users ADD COLUMN IF NOT EXISTS level int;
UPDATE users SET level = 1 WHERE level IS NULL;
ALTER TABLE users ALTER COLUMN level SET NOT NULL;

-- Nothing to undo: it is a fixture.
