VACUUM public.a;
-- migrate: no-transaction
-- migrate: lock-timeout=10s

-- Nothing to undo: it is only a fixture.
