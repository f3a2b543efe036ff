-- allow: set-schema: it is valid.
-- allow: check-constraint: it is valid.
DO $outer$
DECLARE
    n int;
BEGIN
    DO $inner$
    BEGIN
        RAISE NOTICE 'inner $outer';
    END
    $inner$;
    CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $f$
    DECLARE
        x int;
    BEGIN
        SELECT 1 INTO x;
        RETURN x;
    END
    $f$;
    IF to_regclass('public.users') IS NOT NULL AND EXISTS (SELECT FROM pg_extension WHERE extname = 'pgcrypto') THEN
        EXECUTE format($q$ALTER TABLE %I ADD CONSTRAINT %I CHECK (a > %L)$q$, 'users', 'users_check', 3);
        EXECUTE 'ALTER TABLE ' || quote_ident('users') || ' SET SCHEMA public';
    END IF;
    SELECT 1 INTO n;
END
$outer$ LANGUAGE plpgsql;
DO LANGUAGE plpgsql 'BEGIN NULL; END';
DO 'BEGIN RAISE NOTICE ''COMMIT; -- no''; END';

-- Nothing to undo: it is only a fixture.
