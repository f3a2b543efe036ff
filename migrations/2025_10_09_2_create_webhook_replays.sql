-- A signed webhook that was overheard must not start the workflow again: signatures are remembered for the window.
CREATE TABLE IF NOT EXISTS webhook_replays (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    workflow_id uuid NOT NULL REFERENCES workflows (id) ON DELETE CASCADE,
    signature text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (workflow_id, signature)
);

CREATE INDEX IF NOT EXISTS idx_webhook_replays_created ON webhook_replays (created_at DESC);

-- Rollback:
--   DROP TABLE webhook_replays;
--   -- Data loss: the signatures seen; a webhook of the last minutes could be replayed.
