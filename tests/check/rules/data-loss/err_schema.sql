-- allow: drop-object: it is a fixture.
DROP SCHEMA IF EXISTS s CASCADE;

-- Nothing to undo: it is only a fixture.
