-- migrate: lock-timeout=0s
SELECT 1;

-- Nothing to undo: it is only a fixture.
