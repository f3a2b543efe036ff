CREATE OR REPLACE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    CREATE INDEX ON users (plan);
END
$$;
COMMENT ON TABLE users IS 'CREATE INDEX ON users (plan)';

-- Rollback:
--   CREATE INDEX users_plan_idx ON users (plan);
--   DROP TABLE users;
--   -- Data loss: all.
