-- A team grows faster by one link that is passed around than by an invitation each; domain and count keep it in bounds.
CREATE TABLE IF NOT EXISTS team_invite_links (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    workspace_id uuid NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    team_id uuid NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    created_by uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    token text NOT NULL UNIQUE,
    allowed_domain text,
    max_uses integer,
    used_count integer NOT NULL DEFAULT 0,
    expires_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX IF NOT EXISTS idx_team_invite_links_team ON team_invite_links (team_id);

-- Rollback:
--   DROP TABLE team_invite_links;
--   -- Data loss: all invite links; those passed around no longer work.
