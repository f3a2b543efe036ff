CREATE INDEX IF NOT EXISTS a_b_idx ON a (b);

-- Rollback:
--   -- migrate: no-transaction
--   DROP INDEX a_b_idx;
