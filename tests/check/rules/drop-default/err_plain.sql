ALTER TABLE users ALTER COLUMN plan DROP DEFAULT;

-- Irreversible: it is a fixture.
