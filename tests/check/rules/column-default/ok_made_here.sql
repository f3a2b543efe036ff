CREATE TABLE IF NOT EXISTS plans (name text);
ALTER TABLE plans ADD COLUMN IF NOT EXISTS salt uuid DEFAULT gen_random_uuid();

-- Nothing to undo: it is a fixture.
