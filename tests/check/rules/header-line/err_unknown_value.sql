-- migrate: notransaction
-- migrate: no_transaction
-- migrate: lock-timeout 10s
-- migrate: lock_timeout=10s
-- migrate:
SELECT 1;

-- Nothing to undo: it is only a fixture.
