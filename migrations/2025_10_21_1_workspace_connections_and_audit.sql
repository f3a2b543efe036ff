-- A connected account can be lent to the whole workspace; as that is a matter of trust, each such act is recorded.
ALTER TABLE user_oauth_tokens
    ADD COLUMN IF NOT EXISTS is_shared boolean NOT NULL DEFAULT false;

CREATE TABLE IF NOT EXISTS workspace_connections (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    workspace_id uuid NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    created_by uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    provider oauth_connection_provider NOT NULL,
    access_token text NOT NULL,
    refresh_token text NOT NULL,
    account_email text NOT NULL,
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (workspace_id, provider)
);

CREATE INDEX IF NOT EXISTS workspace_connections_workspace_idx ON workspace_connections (workspace_id);

CREATE TABLE IF NOT EXISTS workspace_audit_events (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    workspace_id uuid NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    actor_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    event_type text NOT NULL,
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX IF NOT EXISTS workspace_audit_events_workspace_idx ON workspace_audit_events (workspace_id);

-- Rollback:
--   DROP TABLE workspace_audit_events;
--   DROP TABLE workspace_connections;
--   ALTER TABLE user_oauth_tokens DROP COLUMN is_shared;
--   -- Data loss: shared connections, the audit events of workspaces, and which accounts are shared.
