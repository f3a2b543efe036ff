-- migrate: no-transaction
ALTER TABLE public.a ADD COLUMN IF NOT EXISTS b int;
CREATE INDEX CONCURRENTLY IF NOT EXISTS a_b_idx ON public.a (b);

-- Rollback:
--   DROP INDEX CONCURRENTLY IF EXISTS public.a_b_idx;
--   ALTER TABLE public.a DROP COLUMN b;
--   -- Data loss: b.
