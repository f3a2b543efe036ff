-- A way back of one statement that may run in a transaction is done or not.
-- migrate: no-transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS a_b_idx ON public.a (b);

-- Rollback:
--   DROP INDEX public.a_b_idx;
