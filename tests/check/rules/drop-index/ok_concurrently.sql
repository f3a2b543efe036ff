-- migrate: no-transaction
DROP INDEX CONCURRENTLY IF EXISTS public.users_plan_idx;

-- Irreversible: it is a fixture.
