-- migrate: lock-timeout= -1s  
SELECT 1;

-- Nothing to undo: it is only a fixture.
