-- Owners must be able to see who let whom into a workspace, and why somebody is gone.
CREATE TABLE IF NOT EXISTS workspace_member_audit (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    workspace_id uuid NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    acted_by uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    action text NOT NULL,
    reason text,
    recorded_at timestamptz NOT NULL DEFAULT now()
);

-- Rollback:
--   DROP TABLE workspace_member_audit;
--   -- Data loss: the record of membership changes.
