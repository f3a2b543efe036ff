ALTER TABLE users VALIDATE CONSTRAINT users_plan_check;

-- Nothing to undo: it is a fixture.
