ALTER TABLE audit.users SET SCHEMA archive;
ALTER FUNCTION f(integer) SET SCHEMA archive;

-- Irreversible: it is a fixture.
