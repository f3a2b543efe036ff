DO $$
DECLARE
    t text;
BEGIN
    FOR t IN SELECT relname FROM pg_class LOOP
        EXECUTE 'TRUNCATE ' || quote_ident(t);
    END LOOP;
END
$$;

-- Nothing to undo: it is only a fixture.
