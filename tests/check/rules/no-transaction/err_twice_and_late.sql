-- migrate: no-transaction
-- migrate: no-transaction
VACUUM a;

-- Nothing to undo: it is only a fixture.
