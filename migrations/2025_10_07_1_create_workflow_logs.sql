-- Users ask who changed what: each save of a workflow leaves its difference to the one before.
CREATE TABLE IF NOT EXISTS workflow_logs (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    workflow_id uuid NOT NULL REFERENCES workflows (id) ON DELETE CASCADE,
    diffs jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX IF NOT EXISTS idx_workflow_logs_workflow_created_at ON workflow_logs (workflow_id, created_at DESC);

-- Rollback:
--   DROP TABLE workflow_logs;
--   -- Data loss: the change history of all workflows.
