-- Changes nothing: it asks.
SELECT 1;

-- Nothing to undo: it is only a fixture.
