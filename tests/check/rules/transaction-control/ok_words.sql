DO $$
BEGIN
    BEGIN
        PERFORM 1;
    EXCEPTION WHEN others THEN
        NULL;
    END;
END
$$;
CREATE TEMP TABLE t (a int) ON COMMIT DROP;
SELECT 'BEGIN; COMMIT;';

-- Nothing to undo: it is only a fixture.
