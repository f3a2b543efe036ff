MERGE INTO a USING b ON a.id = b.id WHEN MATCHED THEN DELETE;

-- Nothing to undo: it is only a fixture.
