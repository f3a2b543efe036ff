-- Not rerunnable: it is a fixture.
CREATE DOMAIN email AS text;
CREATE TABLE plans (mail text CHECK (mail <> ''));

-- Irreversible: it is a fixture.
