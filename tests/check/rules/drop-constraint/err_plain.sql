ALTER TABLE users DROP CONSTRAINT IF EXISTS users_email_key;
ALTER DOMAIN email DROP CONSTRAINT IF EXISTS email_check;

-- Irreversible: it is a fixture.
