DROP TABLE IF EXISTS a;

-- Nothing to undo: it is only a fixture.
