-- Not rerunnable: it is a fixture.
-- Data loss: all of it.
DROP TABLE IF EXISTS teams;
CREATE TABLE teams (a text);

-- Irreversible: it is a fixture.
