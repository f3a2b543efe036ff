-- A token that was connected for a workspace must not be used for its user's private workflows, nor the other way round.
-- allow: long-table-lock: the index reads one row for each account that a user has connected.
ALTER TABLE user_oauth_tokens
    ADD COLUMN IF NOT EXISTS workspace_id uuid REFERENCES workspaces (id);

-- allow: create-index: user_oauth_tokens has one row for each account that a user has connected; the index is there in
-- a moment.
CREATE INDEX IF NOT EXISTS idx_user_oauth_tokens_workspace_id ON user_oauth_tokens (workspace_id);

-- Rollback:
--   DROP INDEX idx_user_oauth_tokens_workspace_id;
--   ALTER TABLE user_oauth_tokens DROP COLUMN workspace_id;
--   -- Data loss: which tokens are bound to a workspace; all count as personal again.
