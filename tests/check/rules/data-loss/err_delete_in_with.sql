WITH gone AS (DELETE FROM a RETURNING *) INSERT INTO kept SELECT * FROM gone;

-- Nothing to undo: it is only a fixture.
