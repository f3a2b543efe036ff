-- allow: drop-object: it is a fixture.
DROP TYPE IF EXISTS t CASCADE;

-- Nothing to undo: it is only a fixture.
