-- Not rerunnable: it is a fixture.
CREATE TABLE plans (name text);
CREATE INDEX plans_name_idx ON plans (name);
DROP INDEX plans_name_idx, users_plan_idx;

-- Irreversible: it is a fixture.
