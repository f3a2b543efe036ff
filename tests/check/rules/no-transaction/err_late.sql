VACUUM public.a;
-- migrate: no-transaction

-- Nothing to undo: it is only a fixture.
