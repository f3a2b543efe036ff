-- A used token is kept, so that a second click on the link can be told from a wrong one.
ALTER TABLE email_verification_tokens
    ADD COLUMN IF NOT EXISTS used_at timestamptz;

-- Rollback:
--   ALTER TABLE email_verification_tokens DROP COLUMN used_at;
--   -- Data loss: when tokens were used; a used token that has not expired counts as unused.
