-- A workflow may say which hosts it calls, and that its webhooks must be signed and recent.
ALTER TABLE workflows
    ADD COLUMN IF NOT EXISTS egress_allowlist text[] NOT NULL DEFAULT '{}',
    ADD COLUMN IF NOT EXISTS require_hmac boolean NOT NULL DEFAULT false,
    ADD COLUMN IF NOT EXISTS hmac_replay_window_sec integer NOT NULL DEFAULT 300;

-- Rollback:
--   ALTER TABLE workflows
--       DROP COLUMN hmac_replay_window_sec,
--       DROP COLUMN require_hmac,
--       DROP COLUMN egress_allowlist;
--   -- Data loss: allow lists and webhook rules; workflows that asked for signed webhooks accept unsigned ones.
