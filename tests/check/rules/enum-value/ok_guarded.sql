DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_enum WHERE enumlabel = 'team') THEN
        ALTER TYPE plan ADD VALUE 'team';
    END IF;
END
$$;

-- Nothing to undo: it is only a fixture.
