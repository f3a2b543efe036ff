-- Whoever ignores an invitation must be able to get a new one, so an ignored invitation counts as open no longer.
-- allow: long-table-lock: the index reads the invitations of one day.
ALTER TABLE workspace_invitations
    ADD COLUMN IF NOT EXISTS ignored_at timestamptz;

-- allow: drop-index: both indexes change places in one transaction; workspace_invitations is one day old and locked for
-- a moment.
-- allow: create-index: workspace_invitations is one day old; the index is there in a moment.
DROP INDEX IF EXISTS idx_workspace_invites_unique;
CREATE UNIQUE INDEX idx_workspace_invites_unique
    ON workspace_invitations (workspace_id, lower(email))
    WHERE accepted_at IS NULL AND revoked_at IS NULL AND ignored_at IS NULL;

-- Rollback:
--   -- Ignored invitations stay closed, as revoked ones: open again, they would let in who turned them down, and
--   -- could break the index below.
--   UPDATE workspace_invitations
--   SET revoked_at = ignored_at
--   WHERE ignored_at IS NOT NULL
--     AND accepted_at IS NULL
--     AND revoked_at IS NULL;
--   DROP INDEX idx_workspace_invites_unique;
--   CREATE UNIQUE INDEX idx_workspace_invites_unique
--       ON workspace_invitations (workspace_id, lower(email))
--       WHERE accepted_at IS NULL AND revoked_at IS NULL;
--   ALTER TABLE workspace_invitations DROP COLUMN ignored_at;
--   -- Data loss: that an invitation was ignored and not revoked; the time is kept in revoked_at where that was
--   -- empty and the invitation not accepted.
