-- migrate: no-transaction
CALL fill_in_batches();

-- Nothing to undo: it is only a fixture.
