-- Changes nothing:
SELECT 1;

-- Nothing to undo: it is only a fixture.
