-- Not rerunnable: it is a fixture.
ALTER TABLE users ADD CONSTRAINT users_plan_present CHECK (plan IS NOT NULL) NOT VALID;

-- Nothing to undo: it is a fixture.
