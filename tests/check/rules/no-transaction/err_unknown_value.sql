-- migrate: notransaction
-- migrate: no_transaction
-- migrate:
SELECT 1;

-- Nothing to undo: it is only a fixture.
