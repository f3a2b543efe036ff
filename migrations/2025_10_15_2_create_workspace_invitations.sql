-- People join a workspace by invitation; nobody is asked twice while an invitation is open.
CREATE TABLE IF NOT EXISTS workspace_invitations (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    workspace_id uuid NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    team_id uuid REFERENCES teams (id) ON DELETE SET NULL,
    created_by uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    email text NOT NULL,
    role workspace_role NOT NULL DEFAULT 'user',
    token text NOT NULL,
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    accepted_at timestamptz,
    revoked_at timestamptz
);

CREATE UNIQUE INDEX IF NOT EXISTS idx_workspace_invites_unique
    ON workspace_invitations (workspace_id, lower(email))
    WHERE accepted_at IS NULL AND revoked_at IS NULL;
CREATE INDEX IF NOT EXISTS idx_workspace_invites_token ON workspace_invitations (token);

-- Rollback:
--   DROP TABLE workspace_invitations;
--   -- Data loss: all invitations; links already sent no longer work.
