-- An account may do little until its e-mail address is confirmed; those that exist count as not confirmed.
ALTER TABLE users
    ADD COLUMN IF NOT EXISTS is_verified boolean NOT NULL DEFAULT false;

-- Rollback:
--   ALTER TABLE users DROP COLUMN is_verified;
--   -- Data loss: who confirmed the e-mail address.
