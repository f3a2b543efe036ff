CREATE TABLE IF NOT EXISTS plans (name text);
ALTER TABLE plans ALTER COLUMN name TYPE varchar(20);

-- Nothing to undo: it is a fixture.
