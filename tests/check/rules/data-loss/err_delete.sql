DELETE FROM a WHERE b = 1;

-- Nothing to undo: it is only a fixture.
