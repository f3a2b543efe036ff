-- migrate: lock-timeout=10 parsecs
SELECT 1;

-- Nothing to undo: it is only a fixture.
