-- Not rerunnable: it is a fixture.
-- migrate: no-transaction
ALTER TABLE public.days DETACH PARTITION public.days_2024 CONCURRENTLY;

-- Irreversible: it is a fixture.
