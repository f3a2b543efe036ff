-- allow: drop-table: it is a fixture.
CREATE TEMP TABLE t (a int) ON COMMIT DROP;
DELETE FROM t;
TRUNCATE t;
DROP TABLE IF EXISTS t;
CREATE TEMPORARY TABLE u ON COMMIT DROP AS SELECT 1;
DROP TABLE IF EXISTS u, t;

-- Nothing to undo: it is only a fixture.
