DROP INDEX IF EXISTS users_plan_idx;

-- Irreversible: it is a fixture.
