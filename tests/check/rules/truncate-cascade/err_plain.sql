-- Data loss: all of it.
TRUNCATE users CASCADE;

-- Irreversible: it is a fixture.
