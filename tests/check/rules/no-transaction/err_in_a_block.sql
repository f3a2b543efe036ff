DO $$
BEGIN
    CREATE INDEX CONCURRENTLY a_b_idx ON public.a (b);
    EXECUTE 'VACUUM public.a';
END
$$;

-- Nothing to undo: it is only a fixture.
