-- Workflows that must not overlap with themselves are the rule, so one run at a time is the default.
ALTER TABLE workflows
    ADD COLUMN IF NOT EXISTS concurrency_limit integer NOT NULL DEFAULT 1;

-- Rollback:
--   ALTER TABLE workflows DROP COLUMN concurrency_limit;
--   -- Data loss: the concurrency limits that users set.
