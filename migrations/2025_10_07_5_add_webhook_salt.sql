-- A webhook token is derived from this salt, so that it can be rotated for one workflow and no other.
ALTER TABLE workflows
    ADD COLUMN IF NOT EXISTS webhook_salt uuid NOT NULL DEFAULT gen_random_uuid();

-- Rollback:
--   ALTER TABLE workflows DROP COLUMN webhook_salt;
--   -- Data loss: the salts; webhook tokens derived from them never come back.
