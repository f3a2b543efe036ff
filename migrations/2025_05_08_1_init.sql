-- First step of a new database: the earliest user table, and pgcrypto for what the application hashes in SQL.
-- The database and the role that owns it come from bootstrap: CREATE DATABASE cannot run inside a migration.
CREATE EXTENSION IF NOT EXISTS pgcrypto;

CREATE TABLE IF NOT EXISTS users (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    email text NOT NULL UNIQUE,
    password_hash text NOT NULL,
    first_name text NOT NULL,
    last_name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

-- Rollback:
--   DO $$
--   BEGIN
--       -- Where this step installed the extension, one transaction wrote it and the key of users.
--       IF NOT EXISTS (
--           SELECT
--           FROM pg_extension AS extension
--           JOIN pg_constraint AS users_key ON users_key.xmin = extension.xmin
--           WHERE extension.extname = 'pgcrypto'
--             AND users_key.conrelid = 'users'::regclass
--             AND users_key.conname = 'users_pkey'
--       ) THEN
--           RAISE NOTICE 'extension pgcrypto is left alone: it was not installed together with table users';
--           RETURN;
--       END IF;
--       DROP EXTENSION pgcrypto;
--   EXCEPTION
--       WHEN dependent_objects_still_exist THEN
--           RAISE NOTICE 'extension pgcrypto is left alone: other objects depend on it';
--   END
--   $$;
--   DROP TABLE users;
--   -- Data loss: all users.
--   -- pgcrypto goes where this step installed it and no object depends on it. It stays where it was there before,
--   -- and also (to be safe) where the database was restored from a dump or the extension was updated since, as
--   -- nothing tells then who installed it. A function whose body calls pgcrypto is no dependency that PostgreSQL
--   -- knows: it does not keep the extension.
