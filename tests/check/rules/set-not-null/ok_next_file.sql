-- Not rerunnable: it is a fixture.
ALTER TABLE users VALIDATE CONSTRAINT users_plan_present;
ALTER TABLE users ALTER COLUMN plan SET NOT NULL;
ALTER TABLE users DROP CONSTRAINT users_plan_present;

-- Nothing to undo: it is a fixture.
