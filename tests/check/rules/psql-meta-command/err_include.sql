\set ON_ERROR_STOP on
\i tables.sql
SELECT 1;

-- Nothing to undo: it is only a fixture.
