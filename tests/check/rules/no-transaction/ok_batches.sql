-- migrate: no-transaction
DO $$
BEGIN
    UPDATE a SET b = 1 WHERE b IS NULL;
    COMMIT;
END
$$;

-- Nothing to undo: it is only a fixture.
