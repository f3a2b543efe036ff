SET LOCAL statement_timeout = 0;
SET LOCAL TIME ZONE 'UTC';
SET LOCAL work_mem TO DEFAULT;
SET CONSTRAINTS ALL DEFERRED;
SELECT set_config('app.user', 'x', true), set_config('app.user', 'y', is_local => TRUE);
SELECT pg_advisory_xact_lock(1), pg_try_advisory_xact_lock_shared(1), current_setting('role');
CREATE TEMP TABLE IF NOT EXISTS a (b int) ON COMMIT DROP;
CREATE TEMP TABLE IF NOT EXISTS pg_temp.c (b int) ON COMMIT DROP;
CREATE TEMP TABLE IF NOT EXISTS d ON COMMIT DROP AS SELECT 1;
DECLARE e CURSOR FOR SELECT 1;
NOTIFY f;
UPDATE a SET b = 1;
ALTER ROLE app SET statement_timeout = 0;
CREATE OR REPLACE FUNCTION g() RETURNS void LANGUAGE plpgsql SET work_mem = '1MB' AS $$
BEGIN
    SET session_replication_role = replica;
    PERFORM pg_advisory_lock(1), set_config('app.user', 'x', false);
    CREATE TEMP TABLE h (i int);
END
$$;
DO $$ BEGIN SET LOCAL session_replication_role = replica; END $$;

-- Nothing to undo: it is only a fixture.
