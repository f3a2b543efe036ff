-- migrate: no-transaction
CREATE INDEX CONCURRENTLY a_b_idx ON public.a (b);
CREATE INDEX CONCURRENTLY ON public.a (b);
CREATE UNIQUE INDEX CONCURRENTLY "A c" ON public.a (c);
DROP INDEX CONCURRENTLY public.a_d_idx;
DROP INDEX CONCURRENTLY IF EXISTS public.a_e_idx, public.a_f_idx;

-- Rollback:
--   DROP INDEX CONCURRENTLY public.a_b_idx;
--   CREATE INDEX CONCURRENTLY a_d_idx ON public.a (d);
