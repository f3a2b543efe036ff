-- Not rerunnable: it is a fixture.
CREATE TABLE plans (name text);
CREATE INDEX "Odd" ON plans (name);
DROP INDEX public."Odd";

-- Irreversible: it is a fixture.
