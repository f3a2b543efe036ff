-- allow: drop-table: it is a fixture.
DROP TABLE IF EXISTS a;

-- Nothing to undo: it is only a fixture.
