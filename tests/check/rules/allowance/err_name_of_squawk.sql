-- allow: ban-drop-table: it is old.
SELECT 1;

-- Nothing to undo: it is a fixture.
