-- migrate: no-transaction
DROP INDEX CONCURRENTLY IF EXISTS public.a_b_idx;
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS a_b_idx ON public.a (b);
REINDEX TABLE CONCURRENTLY public.a;
VACUUM public.a;

-- Rollback:
--   DROP INDEX CONCURRENTLY IF EXISTS public.a_b_idx;
