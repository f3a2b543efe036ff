-- A webhook token is derived from this salt, so that it can be rotated for one workflow and no other.
-- allow: column-default: workflows is three days old and small enough to be rewritten; each workflow needs a salt of
-- its own.
-- allow: table-rewrite: workflows is three days old; each of its few rows gets a salt in a moment.
-- allow: long-table-lock: the rewrite of a table that is three days old is all that it waits for.
ALTER TABLE workflows
    ADD COLUMN IF NOT EXISTS webhook_salt uuid NOT NULL DEFAULT gen_random_uuid();

-- Rollback:
--   ALTER TABLE workflows DROP COLUMN webhook_salt;
--   -- Data loss: the salts; webhook tokens derived from them never come back.
