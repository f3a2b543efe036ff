-- migrate: no-transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS a_b_idx ON a (b);

-- Rollback:
--   DROP INDEX a_b_idx;
