-- Not rerunnable: it is a fixture.
CREATE TABLE plans (name text);
ALTER TABLE plans ADD CONSTRAINT plans_name_check CHECK (name <> '') NOT VALID;
ALTER TABLE plans VALIDATE CONSTRAINT plans_name_check;

-- Nothing to undo: it is a fixture.
