-- Not rerunnable: it is a fixture.
CREATE DOMAIN email AS text CHECK (VALUE <> '');
ALTER DOMAIN town ADD CONSTRAINT town_check CHECK (VALUE <> '');

-- Irreversible: it is a fixture.
