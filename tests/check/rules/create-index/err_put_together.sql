DO $$
DECLARE
    which text := 'users';
BEGIN
    EXECUTE 'CREATE INDEX IF NOT EXISTS '
        || quote_ident(which || '_plan_idx')
        || ' ON ' || which || ' (plan)';
    EXECUTE ('CREATE UNIQUE INDEX IF NOT EXISTS ü_' || which) || format(' ON %I (plan)', which);
    EXECUTE format('CREATE INDEX IF NOT EXISTS %I' || ' ON users (a)', 'ü');
    FOR which IN EXECUTE 'SELECT a FROM ' || which LOOP
        NULL;
    END LOOP;
END
$$;

-- Nothing to undo: it is a fixture.
