SELECT 1;
SELECT 2 -- and more

-- Nothing to undo: it is only a fixture.
