-- It must be possible to prove which version of the terms a user accepted, and when.
CREATE TABLE IF NOT EXISTS user_terms_acceptances (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    terms_version text NOT NULL,
    accepted_at timestamptz NOT NULL DEFAULT now()
);

CREATE UNIQUE INDEX IF NOT EXISTS user_terms_acceptances_user_version_idx
    ON user_terms_acceptances (user_id, terms_version);

-- Rollback:
--   DROP TABLE user_terms_acceptances;
--   -- Data loss: who accepted which terms.
