-- migrate: no-transaction
REINDEX TABLE CONCURRENTLY public.users;
REINDEX (CONCURRENTLY) INDEX public.users_plan_idx;

-- Nothing to undo: it is a fixture.
