ALTER TABLE users ADD COLUMN IF NOT EXISTS salt uuid;
ALTER TABLE users ALTER COLUMN salt SET DEFAULT gen_random_uuid();

-- Nothing to undo: it is a fixture.
