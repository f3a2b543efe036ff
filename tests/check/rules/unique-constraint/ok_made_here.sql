-- Not rerunnable: it is a fixture.
CREATE TABLE plans (name text UNIQUE);
ALTER TABLE plans ADD CONSTRAINT plans_name_key2 UNIQUE (name);

-- Nothing to undo: it is a fixture.
