-- Whoever wrote an allow list needs to see what it stopped, and by which rule.
CREATE TABLE IF NOT EXISTS egress_block_events (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    workflow_id uuid NOT NULL REFERENCES workflows (id) ON DELETE CASCADE,
    run_id uuid NOT NULL REFERENCES workflow_runs (id) ON DELETE CASCADE,
    node_id text NOT NULL,
    url text NOT NULL,
    host text NOT NULL,
    rule text NOT NULL,
    message text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX IF NOT EXISTS idx_egress_blocks_wf_created ON egress_block_events (workflow_id, created_at DESC);

-- Rollback:
--   DROP TABLE egress_block_events;
--   -- Data loss: the record of blocked calls.
