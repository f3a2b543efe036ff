-- migrate: no-transaction
-- migrate: no-transaction
VACUUM public.a;

-- Nothing to undo: it is only a fixture.
