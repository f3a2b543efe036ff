-- Administrators are told from users by a role on the account.
DO $$
BEGIN
    IF to_regtype('user_role') IS NULL THEN
        CREATE TYPE user_role AS ENUM ('user', 'admin');
    END IF;
END
$$;

ALTER TABLE users
    ADD COLUMN IF NOT EXISTS role user_role NOT NULL DEFAULT 'user';

-- Rollback:
--   ALTER TABLE users DROP COLUMN role;
--   DROP TYPE user_role;
--   -- Data loss: who is an administrator.
