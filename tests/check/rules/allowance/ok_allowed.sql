-- allow: create-index: a and b are small; a reason may go
-- on in the next line.
-- allow: drop-index: nobody reads by it.
CREATE INDEX IF NOT EXISTS a_idx ON a (a);
CREATE INDEX IF NOT EXISTS b_idx ON b (a);
DROP INDEX IF EXISTS c_idx;

-- Nothing to undo: it is a fixture.
