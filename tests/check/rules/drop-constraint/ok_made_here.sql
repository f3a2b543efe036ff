-- Not rerunnable: it is a fixture.
ALTER TABLE users ADD CONSTRAINT users_plan_check CHECK (plan <> '') NOT VALID;
ALTER TABLE users DROP CONSTRAINT users_plan_check;

-- Irreversible: it is a fixture.
