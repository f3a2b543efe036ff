-- allow: rename: the application is down meanwhile.
-- allow: data-loss
SELECT 1;

-- Nothing to undo: it is only a fixture.
