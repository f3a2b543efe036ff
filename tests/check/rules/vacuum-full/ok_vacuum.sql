-- migrate: no-transaction
VACUUM (ANALYZE) public.users;

-- Nothing to undo: it is a fixture.
