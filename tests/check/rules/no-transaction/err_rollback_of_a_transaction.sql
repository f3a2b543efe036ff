CREATE INDEX IF NOT EXISTS a_b_idx ON a (b);

-- Rollback:
--   DROP INDEX CONCURRENTLY a_b_idx;
