-- Not rerunnable: a type has no IF NOT EXISTS.
CREATE TYPE t AS ENUM ('a');

-- Nothing to undo: it is only a fixture.
