ALTER TABLE users ALTER COLUMN plan DROP NOT NULL;

-- Irreversible: it is a fixture.
