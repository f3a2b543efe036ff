-- Not rerunnable: it is a fixture.
CREATE TABLE plans (name text CHECK (name <> ''));
ALTER TABLE plans ADD CONSTRAINT plans_name_check2 CHECK (name <> 'x');
ALTER TABLE plans ADD COLUMN level int CHECK (level >= 0);

-- Nothing to undo: it is a fixture.
