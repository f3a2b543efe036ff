CREATE INDEX IF NOT EXISTS users_plan_idx ON users (plan);

-- Nothing to undo: it is a fixture.
