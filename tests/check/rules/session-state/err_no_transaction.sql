-- migrate: no-transaction
SET LOCAL maintenance_work_mem = '1GB';
SET maintenance_work_mem = '1GB';
CREATE INDEX CONCURRENTLY IF NOT EXISTS a_b ON public.a (b);

-- Rollback:
--   SET LOCAL lock_timeout = 0;
--   DROP INDEX CONCURRENTLY IF EXISTS public.a_b;
