-- Runs beyond the quota are billed one by one, so they are counted apart from those the plan includes.
ALTER TABLE workspace_run_usage
    ADD COLUMN IF NOT EXISTS overage_count bigint NOT NULL DEFAULT 0;

-- Rollback:
--   ALTER TABLE workspace_run_usage DROP COLUMN overage_count;
--   -- Data loss: the runs beyond the quota that are to be billed.
