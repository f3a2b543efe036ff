-- The list of workflows is sorted by name.
-- Not rerunnable: a partition is detached once.
-- migrate: no-transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS workflows_name_idx ON workflows (lower(name));
REINDEX INDEX CONCURRENTLY "Odd one";
VACUUM (ANALYZE) public.users, workflows;
ALTER TABLE workflow_runs DETACH PARTITION workflow_runs_2024 CONCURRENTLY;

-- Rollback:
--   DROP INDEX CONCURRENTLY IF EXISTS workflows_name_idx;
