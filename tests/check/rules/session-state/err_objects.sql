PREPARE a AS SELECT 1;
DEALLOCATE a;
DECLARE b CURSOR WITH HOLD FOR SELECT 1;
LISTEN c;
UNLISTEN *;
LOAD 'auto_explain';
SELECT pg_advisory_lock(1), pg_try_advisory_lock_shared(1, 2);
SELECT pg_catalog.pg_try_advisory_lock(1) FROM a;
SELECT pg_advisory_lock_shared(1);
SELECT pg_advisory_unlock_all();
DO $$
BEGIN
    PERFORM pg_advisory_lock(1);
    EXECUTE 'LISTEN c';
END
$$;

-- Nothing to undo: it is only a fixture.
