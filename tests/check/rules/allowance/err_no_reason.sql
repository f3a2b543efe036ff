-- allow: create-index
CREATE INDEX IF NOT EXISTS a_idx ON a (a);

-- Nothing to undo: it is a fixture.
