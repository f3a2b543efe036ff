-- Users report problems from inside the product. Who they were at that moment is kept with the report: name, plan and
-- role may be others by the time it is read.
CREATE TABLE IF NOT EXISTS issue_reports (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    workspace_id uuid REFERENCES workspaces (id) ON DELETE SET NULL,
    user_email text NOT NULL,
    user_name text NOT NULL,
    user_plan text,
    user_role text,
    workspace_plan text,
    workspace_role text,
    description text NOT NULL,
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX IF NOT EXISTS issue_reports_user_created_idx ON issue_reports (user_id, created_at DESC);
CREATE INDEX IF NOT EXISTS issue_reports_workspace_idx ON issue_reports (workspace_id, created_at DESC);

-- Rollback:
--   DROP TABLE issue_reports;
--   -- Data loss: all problem reports.
