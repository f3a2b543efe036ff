-- Not rerunnable: it is a fixture.
CREATE TABLE fresh (a text);
ALTER TABLE fresh RENAME TO plans;
CREATE INDEX ON plans (a);
CREATE INDEX ON fresh (a);

-- Nothing to undo: it is a fixture.
