-- allow: create-index: it is a fixture.
CREATE INDEX IF NOT EXISTS a_b_idx ON public.a (b);

-- Rollback:
--   -- migrate: no-transaction
--   -- migrate: lock-timeout=10s
--   DROP INDEX public.a_b_idx;
