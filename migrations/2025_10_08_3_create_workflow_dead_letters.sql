-- A run that failed for good is kept with its graph, so that it can be put back into the queue once the cause is mended.
CREATE TABLE IF NOT EXISTS workflow_dead_letters (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    workflow_id uuid NOT NULL REFERENCES workflows (id) ON DELETE CASCADE,
    run_id uuid NOT NULL REFERENCES workflow_runs (id) ON DELETE CASCADE,
    error text NOT NULL,
    snapshot jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX IF NOT EXISTS idx_dead_letters_wf_created ON workflow_dead_letters (workflow_id, created_at DESC);

-- Rollback:
--   DROP TABLE workflow_dead_letters;
--   -- Data loss: all dead letters.
