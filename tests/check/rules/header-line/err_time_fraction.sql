-- migrate: lock-timeout=1.5s
SELECT 1;

-- Nothing to undo: it is only a fixture.
