-- allow: crate-indx: it is small.
SELECT 1;

-- Nothing to undo: it is a fixture.
