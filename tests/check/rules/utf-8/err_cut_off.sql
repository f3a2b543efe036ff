SELECT 1;
-- Nothing to undo: â‚