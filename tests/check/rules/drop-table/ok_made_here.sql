-- Not rerunnable: it is a fixture.
-- Data loss: none, they are empty.
CREATE TABLE fresh (a text);
CREATE TEMP TABLE scratch (a text) ON COMMIT DROP;
DROP TABLE public.fresh;
DROP TABLE scratch;

-- Irreversible: it is a fixture.
