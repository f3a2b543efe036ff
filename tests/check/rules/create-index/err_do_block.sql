-- Not rerunnable: it is a fixture.
DO $$
DECLARE
    n integer;
BEGIN
    SELECT count(*) INTO n FROM users;
    IF n > 0 THEN
        CREATE INDEX users_plan_idx /* squawk-ignore */ ON users (plan); -- squawk-ignore require-concurrent-index-creation
    END IF;
    EXECUTE 'CREATE INDEX users_late_idx ON users (plan) WHERE plan <> ''solo''';
    EXECUTE format($q$CREATE INDEX %I ON %I (plan)$q$, 'users_f_idx', 'users');
END
$$;

-- Nothing to undo: it is a fixture.
