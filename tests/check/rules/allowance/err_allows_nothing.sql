-- allow: drop-table: it is old.
CREATE TABLE IF NOT EXISTS teams (a text);

-- Nothing to undo: it is a fixture.
