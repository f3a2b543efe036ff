-- Delay nodes and back-off put a run off without holding a worker: it waits in the queue until this time.
-- Runs that wait already may start at once, which is what the default says for them too.
-- allow: long-table-lock: one index is built over two months of private beta; deploy it when runs may wait for some
-- seconds.
ALTER TABLE workflow_runs
    ADD COLUMN IF NOT EXISTS resume_at timestamptz NOT NULL DEFAULT now();

-- allow: create-index: the default fills one value into all runs without a rewrite, and an index of equal values is
-- quickly built; workflow_runs is two months of private beta.
CREATE INDEX IF NOT EXISTS idx_workflow_runs_resume_at ON workflow_runs (resume_at);

-- Rollback:
--   DROP INDEX idx_workflow_runs_resume_at;
--   ALTER TABLE workflow_runs DROP COLUMN resume_at;
--   -- Data loss: until when runs were put off; those that wait start at once.
