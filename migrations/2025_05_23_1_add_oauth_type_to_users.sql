-- Whoever signed up through a provider must sign in through it again, so the account remembers which.
DO $$
BEGIN
    IF to_regtype('oauth_provider') IS NULL THEN
        CREATE TYPE oauth_provider AS ENUM ('google', 'github', 'apple');
    END IF;
END
$$;

ALTER TABLE users
    ADD COLUMN IF NOT EXISTS oauth_provider oauth_provider;

-- Rollback:
--   ALTER TABLE users DROP COLUMN oauth_provider;
--   DROP TYPE oauth_provider;
--   -- Data loss: which provider users signed up with.
