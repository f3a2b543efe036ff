-- migrate: no-transaction
CREATE TABLE IF NOT EXISTS a (b int);

-- Rollback:
--   DROP TABLE public.a;
--   -- Data loss: all of a.
