-- Not rerunnable: it is a fixture.
-- Data loss: all of it.
CREATE TABLE audit.teams (a text);
DROP TABLE teams;

-- Irreversible: it is a fixture.
