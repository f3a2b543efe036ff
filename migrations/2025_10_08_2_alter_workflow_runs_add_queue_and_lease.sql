-- Several workers share the queue: a lease with a heartbeat lets another one take over a run whose worker died.
-- allow: long-table-lock: the index reads the runs of one day, while their new columns wait for COMMIT.
ALTER TABLE workflow_runs
    ADD COLUMN IF NOT EXISTS queue_priority integer NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS leased_by text,
    ADD COLUMN IF NOT EXISTS lease_expires_at timestamptz,
    ADD COLUMN IF NOT EXISTS heartbeat_at timestamptz,
    ADD COLUMN IF NOT EXISTS attempt integer NOT NULL DEFAULT 0;

-- allow: create-index: workflow_runs is one day old; the index is there in a moment.
CREATE INDEX IF NOT EXISTS idx_workflow_runs_wf_status_created
    ON workflow_runs (workflow_id, status, created_at DESC);

-- Rollback:
--   DROP INDEX idx_workflow_runs_wf_status_created;
--   ALTER TABLE workflow_runs
--       DROP COLUMN attempt,
--       DROP COLUMN heartbeat_at,
--       DROP COLUMN lease_expires_at,
--       DROP COLUMN leased_by,
--       DROP COLUMN queue_priority;
--   -- Data loss: priorities, leases, heartbeats and attempt counts of all runs. Stop the workers first.
