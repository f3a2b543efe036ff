-- Not rerunnable: it is a fixture.
-- Data loss: all of it.
CREATE TABLE fresh (a text);
DROP TABLE fresh, public.teams;

-- Irreversible: it is a fixture.
