-- allow: create-index: it is a fixture.
CREATE INDEX IF NOT EXISTS a_b_idx ON a (b);

-- Rollback:
--   DROP INDEX a_b_idx
--   -- no semicolon
