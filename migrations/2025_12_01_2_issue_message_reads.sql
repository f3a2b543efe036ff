-- Both inboxes count what is unread; nobody has to read a message of their own side.
-- allow: long-table-lock: issue_report_messages is made by the step before, and has hardly a row.
ALTER TABLE issue_report_messages
    ADD COLUMN IF NOT EXISTS read_by_user_at timestamptz,
    ADD COLUMN IF NOT EXISTS read_by_admin_at timestamptz;

UPDATE issue_report_messages
SET read_by_user_at = created_at
WHERE sender_type = 'user'
  AND read_by_user_at IS NULL;

UPDATE issue_report_messages
SET read_by_admin_at = created_at
WHERE sender_type = 'admin'
  AND read_by_admin_at IS NULL;

-- allow: create-index: issue_report_messages is made by the step before; both indexes are there in a moment.
CREATE INDEX IF NOT EXISTS issue_report_messages_unread_user_idx
    ON issue_report_messages (issue_id)
    WHERE sender_type = 'admin' AND read_by_user_at IS NULL;
CREATE INDEX IF NOT EXISTS issue_report_messages_unread_admin_idx
    ON issue_report_messages (issue_id)
    WHERE sender_type = 'user' AND read_by_admin_at IS NULL;

-- Rollback:
--   DROP INDEX issue_report_messages_unread_admin_idx;
--   DROP INDEX issue_report_messages_unread_user_idx;
--   ALTER TABLE issue_report_messages
--       DROP COLUMN read_by_admin_at,
--       DROP COLUMN read_by_user_at;
--   -- Data loss: what was read.
