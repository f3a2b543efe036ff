CREATE TABLE IF NOT EXISTS a (b int);

-- Rollback:
--   -- Drop it by hand.
