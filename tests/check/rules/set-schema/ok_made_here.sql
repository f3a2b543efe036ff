CREATE TABLE IF NOT EXISTS fresh (a text);
ALTER TABLE fresh SET SCHEMA archive;

-- Irreversible: it is a fixture.
