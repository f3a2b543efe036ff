SET search_path = public;
SET SESSION search_path TO a, b;
SET LOCAL "search_path" = '';
SET SCHEMA 'a';
RESET search_path;
RESET ALL;
SELECT set_config('search_path', '', false);
SELECT pg_catalog.set_config('SEARCH_PATH', '', true) FROM a;
DO $$
BEGIN
    SET search_path = a;
    PERFORM set_config('search_path', 'a', true);
    EXECUTE 'SET LOCAL search_path = a';
END
$$;

-- Nothing to undo: it is only a fixture.
