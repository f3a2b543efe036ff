ALTER TABLE users ALTER COLUMN plan SET DEFAULT 'solo', ALTER plan SET NOT NULL;

-- Nothing to undo: it is a fixture.
