-- migrate: lock-timeout=25h 999999999h
SELECT 1;

-- Nothing to undo: it is only a fixture.
