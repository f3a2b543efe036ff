-- Not rerunnable: it is a fixture.
ALTER TABLE users ADD CONSTRAINT users_plan_check CHECK (plan <> '') NOT VALID;

-- Nothing to undo: it is a fixture.
