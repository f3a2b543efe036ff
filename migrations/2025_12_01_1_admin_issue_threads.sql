-- A report becomes a conversation: support answers it, and the inbox shows what is open and what moved last.
-- allow: long-table-lock: issue_reports is five days old; filling and reading it takes a moment.
ALTER TABLE issue_reports
    ADD COLUMN IF NOT EXISTS status text NOT NULL DEFAULT 'open',
    ADD COLUMN IF NOT EXISTS updated_at timestamptz;

-- Nothing happened to older reports since they were sent; the day of this migration would put them all on top.
UPDATE issue_reports SET updated_at = created_at WHERE updated_at IS NULL;

-- allow: set-not-null: issue_reports is five days old; its rows are read in a moment.
-- allow: create-index: issue_reports is five days old; the index is there in a moment.
ALTER TABLE issue_reports
    ALTER COLUMN updated_at SET DEFAULT now(),
    ALTER COLUMN updated_at SET NOT NULL;

CREATE INDEX IF NOT EXISTS issue_reports_status_updated_idx ON issue_reports (status, updated_at DESC);

CREATE TABLE IF NOT EXISTS issue_report_messages (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    issue_id uuid NOT NULL REFERENCES issue_reports (id) ON DELETE CASCADE,
    sender_id uuid,
    sender_type text NOT NULL CHECK (sender_type IN ('user', 'admin')),
    body text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX IF NOT EXISTS issue_report_messages_issue_created_idx ON issue_report_messages (issue_id, created_at);

-- Rollback:
--   DROP TABLE issue_report_messages;
--   DROP INDEX issue_reports_status_updated_idx;
--   ALTER TABLE issue_reports
--       DROP COLUMN updated_at,
--       DROP COLUMN status;
--   -- Data loss: all replies; which reports are closed, and when they changed last.
