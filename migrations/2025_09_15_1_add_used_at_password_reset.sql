-- Support is asked when a password was changed, and the flag used does not tell.
ALTER TABLE password_resets
    ADD COLUMN IF NOT EXISTS used_at timestamptz;

-- Rollback:
--   ALTER TABLE password_resets DROP COLUMN used_at;
--   -- Data loss: when reset tokens were used.
