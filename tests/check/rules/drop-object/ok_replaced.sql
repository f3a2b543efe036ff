DROP VIEW IF EXISTS open_reports;
CREATE OR REPLACE VIEW public.open_reports AS SELECT 1 AS a;
DROP FUNCTION IF EXISTS f(integer);
CREATE OR REPLACE FUNCTION f(n integer) RETURNS integer LANGUAGE sql AS 'SELECT n';

-- Irreversible: it is a fixture.
