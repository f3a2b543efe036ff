-- Plans limit runs per billing period; counting the runs themselves each time would be too slow to do before each start.
CREATE TABLE IF NOT EXISTS workspace_run_usage (
    workspace_id uuid NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    period_start timestamptz NOT NULL,
    run_count bigint NOT NULL DEFAULT 0,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, period_start)
);

CREATE INDEX IF NOT EXISTS idx_workspace_run_usage_period ON workspace_run_usage (period_start);

-- Rollback:
--   DROP TABLE workspace_run_usage;
--   -- Data loss: the run counts of all periods.
