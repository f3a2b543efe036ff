CREATE SEQUENCE IF NOT EXISTS users_n_seq;
ALTER TABLE users ADD COLUMN IF NOT EXISTS n bigint;
ALTER TABLE users ALTER COLUMN n SET DEFAULT nextval('users_n_seq');

-- Nothing to undo: it is a fixture.
