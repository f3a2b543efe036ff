-- migrate: no-transaction
DROP INDEX CONCURRENTLY IF EXISTS public.a_b_idx;
CREATE INDEX CONCURRENTLY IF NOT EXISTS a_b_idx ON public.a (b);

-- Rollback:
--   DROP INDEX CONCURRENTLY IF EXISTS public.a_b_idx;
