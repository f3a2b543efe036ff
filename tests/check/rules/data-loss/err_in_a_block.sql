DO $$
BEGIN
    DELETE FROM a;
END
$$;

-- Nothing to undo: it is only a fixture.
