-- allow: table-rewrite
SELECT 1;

-- Nothing to undo: it is a fixture.
