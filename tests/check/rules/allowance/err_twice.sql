-- allow: create-index: a is small.
CREATE INDEX IF NOT EXISTS a_idx ON a (a);
-- allow: create-index: b is small.
CREATE INDEX IF NOT EXISTS b_idx ON b (a);

-- Nothing to undo: it is a fixture.
