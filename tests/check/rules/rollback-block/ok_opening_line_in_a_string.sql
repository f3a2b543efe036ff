COMMENT ON TABLE a IS '
-- Rollback:
';

-- Nothing to undo: it is only a fixture.
