-- allow: table-rewrite: it is small.
-- allow: long-table-lock: it is small.
SELECT 1;

-- Nothing to undo: it is a fixture.
