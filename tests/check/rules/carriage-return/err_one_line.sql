SELECT 1,
    2,
    3;

-- Nothing to undo: it is only a fixture.
