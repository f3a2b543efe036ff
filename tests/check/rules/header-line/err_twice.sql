-- migrate: no-transaction
-- migrate: lock-timeout=10s
-- migrate: no-transaction
-- migrate: lock-timeout=20s
VACUUM public.a;

-- Nothing to undo: it is only a fixture.
