TRUNCATE a, b;

-- Nothing to undo: it is only a fixture.
