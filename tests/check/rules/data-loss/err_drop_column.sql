-- allow: drop-column: it is a fixture.
ALTER TABLE a ADD COLUMN IF NOT EXISTS c int, DROP COLUMN IF EXISTS b;

-- Nothing to undo: it is only a fixture.
