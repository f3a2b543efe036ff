DO $$
BEGIN
    CREATE INDEX CONCURRENTLY a_b_idx ON a (b);
    EXECUTE 'VACUUM a';
END
$$;

-- Nothing to undo: it is only a fixture.
