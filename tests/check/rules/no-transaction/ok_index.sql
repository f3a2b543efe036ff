-- migrate: no-transaction
DROP INDEX CONCURRENTLY IF EXISTS a_b_idx;
CREATE INDEX CONCURRENTLY IF NOT EXISTS a_b_idx ON a (b);

-- Rollback:
--   DROP INDEX CONCURRENTLY a_b_idx;
