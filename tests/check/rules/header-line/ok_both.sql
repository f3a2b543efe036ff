-- Both headers, in any order.
-- migrate: lock-timeout=1m 30s
-- migrate: no-transaction
VACUUM public.a;

-- Nothing to undo: it is only a fixture.
