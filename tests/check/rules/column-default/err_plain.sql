ALTER TABLE users ADD COLUMN IF NOT EXISTS salt uuid NOT NULL DEFAULT gen_random_uuid();

-- Nothing to undo: it is a fixture.
