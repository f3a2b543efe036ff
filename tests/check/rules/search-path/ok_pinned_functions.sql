CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql SET search_path = public AS 'SELECT 1';
ALTER FUNCTION f() SET search_path = pg_catalog;
ALTER ROLE app SET search_path = public;
SET LOCAL statement_timeout = 0;
SELECT set_config('app.user', 'x', true), current_setting('search_path');
CREATE OR REPLACE FUNCTION g() RETURNS void LANGUAGE plpgsql AS $$ BEGIN SET LOCAL search_path = ''; END $$;

-- Nothing to undo: it is only a fixture.
