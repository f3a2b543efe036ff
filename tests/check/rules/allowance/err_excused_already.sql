-- allow: create-index: the table is new.
CREATE TABLE IF NOT EXISTS teams (a text);
CREATE INDEX IF NOT EXISTS teams_a_idx ON teams (a);

-- Nothing to undo: it is a fixture.
