-- Data loss: all of it.
TRUNCATE users, workflows;

-- Irreversible: it is a fixture.
