-- migrate: lock-timeout=10
SELECT 1;

-- Nothing to undo: it is only a fixture.
