-- migrate: no-transaction
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS users_plan_idx ON public.users (plan);

-- Nothing to undo: it is a fixture.
