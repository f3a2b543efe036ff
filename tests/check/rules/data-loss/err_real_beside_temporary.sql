CREATE TEMP TABLE t (a int);
DROP TABLE IF EXISTS t, a;

-- Nothing to undo: it is only a fixture.
