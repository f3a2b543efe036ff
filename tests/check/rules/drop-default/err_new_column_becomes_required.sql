ALTER TABLE users ADD COLUMN IF NOT EXISTS level int NOT NULL DEFAULT 0;
ALTER TABLE users ALTER COLUMN level DROP DEFAULT;

-- Irreversible: it is a fixture.
