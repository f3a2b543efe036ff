SELECT 'DROP TABLE a' \gexec

-- Nothing to undo: it is only a fixture.
