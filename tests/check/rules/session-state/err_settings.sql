SET statement_timeout = 0;
SET SESSION work_mem TO '64MB';
SET TIME ZONE 'UTC';
SET XML OPTION DOCUMENT;
SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY;
RESET statement_timeout;
RESET TIME ZONE;
SELECT set_config('app.user', 'x', false);
SELECT pg_catalog.set_config('app.user', 'x', is_local => false);
SELECT set_config('app.user', 'x', current_setting('a')::boolean);
DO $$
BEGIN
    SET session_replication_role = replica;
    PERFORM set_config('app.user', 'x', false);
    EXECUTE 'SET session_replication_role = ' || 'replica';
    EXECUTE format('SET %I = %L', 'a', 'b');
END
$$;

-- Nothing to undo: it is only a fixture.
