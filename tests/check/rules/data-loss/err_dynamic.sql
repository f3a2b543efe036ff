-- allow: drop-table: it is a fixture.
DO $$
BEGIN
    EXECUTE format('DROP TABLE %I', 'a');
END
$$;

-- Nothing to undo: it is only a fixture.
