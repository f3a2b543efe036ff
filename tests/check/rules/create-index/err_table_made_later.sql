CREATE INDEX IF NOT EXISTS plans_name_idx ON plans (name);
CREATE TABLE IF NOT EXISTS plans (name text);

-- Nothing to undo: it is a fixture.
