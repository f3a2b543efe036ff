-- allow: create-index: it is a fixture.
CREATE INDEX IF NOT EXISTS a_b_idx ON public.a (b);

-- Rollback:
--   DROP INDEX CONCURRENTLY public.a_b_idx;
