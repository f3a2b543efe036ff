-- Two editors of one workflow overwrite each other, so who edits locks it, and the others see who.
-- allow: long-table-lock: the index reads workflows of sixteen days of private beta.
ALTER TABLE workflows
    ADD COLUMN IF NOT EXISTS locked_by uuid REFERENCES users (id),
    ADD COLUMN IF NOT EXISTS locked_at timestamptz;

-- allow: create-index: workflows is sixteen days old and holds what the private beta has drawn since; it is locked for
-- a moment.
CREATE INDEX IF NOT EXISTS idx_workflows_locked_by ON workflows (locked_by);

-- Rollback:
--   DROP INDEX idx_workflows_locked_by;
--   ALTER TABLE workflows
--       DROP COLUMN locked_at,
--       DROP COLUMN locked_by;
--   -- Data loss: the edit locks held now.
