DROP OWNED BY app;

-- Nothing to undo: it is only a fixture.
