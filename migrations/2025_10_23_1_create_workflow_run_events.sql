-- When a shared connection is misused, it must be possible to say which runs went through it and what triggered them.
CREATE TABLE IF NOT EXISTS workflow_run_events (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    workflow_run_id uuid NOT NULL REFERENCES workflow_runs (id) ON DELETE CASCADE,
    workflow_id uuid NOT NULL REFERENCES workflows (id) ON DELETE CASCADE,
    workspace_id uuid REFERENCES workspaces (id),
    connection_id uuid REFERENCES workspace_connections (id) ON DELETE SET NULL,
    connection_type text,
    triggered_by text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX IF NOT EXISTS idx_workflow_run_events_run_recorded
    ON workflow_run_events (workflow_run_id, recorded_at DESC);
CREATE INDEX IF NOT EXISTS idx_workflow_run_events_workflow_recorded
    ON workflow_run_events (workflow_id, recorded_at DESC);

-- Rollback:
--   DROP TABLE workflow_run_events;
--   -- Data loss: what triggered runs, and through which connection.
