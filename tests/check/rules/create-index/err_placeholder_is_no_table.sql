DO $$
BEGIN
    EXECUTE format('CREATE TABLE IF NOT EXISTS %I (a text)', 'one');
    EXECUTE format('CREATE INDEX IF NOT EXISTS %I ON %I (a)', 'one_idx', 'other');
END
$$;

-- Nothing to undo: it is a fixture.
