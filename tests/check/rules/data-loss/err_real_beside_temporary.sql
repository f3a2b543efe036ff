-- allow: drop-table: it is a fixture.
CREATE TEMP TABLE t (a int) ON COMMIT DROP;
DROP TABLE IF EXISTS t, a;

-- Nothing to undo: it is only a fixture.
