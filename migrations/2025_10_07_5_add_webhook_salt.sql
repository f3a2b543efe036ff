-- A webhook token is derived from this salt, so that it can be rotated for one workflow and no other.
-- allow: column-default: workflows is three days old and small enough to be rewritten; each workflow needs a salt of
-- its own.
ALTER TABLE workflows
    ADD COLUMN IF NOT EXISTS webhook_salt uuid NOT NULL DEFAULT gen_random_uuid();

-- Rollback:
--   ALTER TABLE workflows DROP COLUMN webhook_salt;
--   -- Data loss: the salts; webhook tokens derived from them never come back.
