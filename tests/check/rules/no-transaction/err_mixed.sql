-- migrate: no-transaction
ALTER TABLE a ADD COLUMN IF NOT EXISTS b int;
CREATE INDEX CONCURRENTLY IF NOT EXISTS a_b_idx ON a (b);

-- Rollback:
--   DROP INDEX CONCURRENTLY a_b_idx;
--   ALTER TABLE a DROP COLUMN b;
--   -- Data loss: b.
