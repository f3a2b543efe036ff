-- Not rerunnable: a database is created once, and a partition detached once.
-- migrate: no-transaction
CREATE DATABASE d;
ALTER TABLE public.a DETACH PARTITION public.a_1 CONCURRENTLY;

-- Irreversible: it is only a fixture.
