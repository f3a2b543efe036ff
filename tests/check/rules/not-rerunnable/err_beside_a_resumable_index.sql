-- migrate: no-transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS a_b_idx ON public.a (b);
CREATE DATABASE d;

-- Irreversible: it is only a fixture.
