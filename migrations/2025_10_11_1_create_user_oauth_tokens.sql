-- Workflows act in a user's accounts elsewhere, one connected account per provider.
DO $$
BEGIN
    IF to_regtype('oauth_connection_provider') IS NULL THEN
        CREATE TYPE oauth_connection_provider AS ENUM ('google', 'microsoft');
    END IF;
END
$$;

CREATE TABLE IF NOT EXISTS user_oauth_tokens (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    provider oauth_connection_provider NOT NULL,
    access_token text NOT NULL,
    refresh_token text NOT NULL,
    account_email text NOT NULL,
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (user_id, provider)
);

CREATE INDEX IF NOT EXISTS user_oauth_tokens_user_idx ON user_oauth_tokens (user_id);

-- Rollback:
--   DROP TABLE user_oauth_tokens;
--   DROP TYPE oauth_connection_provider;
--   -- Data loss: all connected accounts; users must connect them again.
