-- migrate: no-transaction
VACUUM FULL public.users;
VACUUM (FULL, ANALYZE) public.workflows;

-- Nothing to undo: it is a fixture.
