-- Not rerunnable: it is a fixture.
-- Data loss: all of it.
ALTER TYPE address DROP ATTRIBUTE street;

-- Irreversible: it is a fixture.
