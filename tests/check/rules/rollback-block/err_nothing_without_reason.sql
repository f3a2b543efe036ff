UPDATE a SET b = 1;

-- Rollback:
--   Nothing to undo:
