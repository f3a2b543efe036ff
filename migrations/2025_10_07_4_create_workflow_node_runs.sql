-- A failed run is understood node by node: what went into each, what came out, and how it ended.
CREATE TABLE IF NOT EXISTS workflow_node_runs (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    run_id uuid NOT NULL REFERENCES workflow_runs (id) ON DELETE CASCADE,
    node_id text NOT NULL,
    name text,
    node_type text,
    inputs jsonb,
    outputs jsonb,
    error text,
    status text NOT NULL DEFAULT 'queued'
        CHECK (status IN ('queued', 'running', 'succeeded', 'failed', 'skipped', 'canceled')),
    started_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX IF NOT EXISTS idx_node_runs_run_started ON workflow_node_runs (run_id, started_at);

DROP TRIGGER IF EXISTS update_workflow_node_runs_updated_at ON workflow_node_runs;
CREATE TRIGGER update_workflow_node_runs_updated_at
    BEFORE UPDATE ON workflow_node_runs
    FOR EACH ROW
    EXECUTE FUNCTION update_updated_at_column();

-- Rollback:
--   DROP TABLE workflow_node_runs;
--   -- Data loss: the node by node record of all runs.
