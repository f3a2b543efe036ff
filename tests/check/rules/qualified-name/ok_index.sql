-- The list of workflows is sorted by name.
-- migrate: no-transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS workflows_name_idx ON public.workflows (lower(name));
REINDEX INDEX CONCURRENTLY "public"."workflows_user_idx";

-- Rollback:
--   DROP INDEX CONCURRENTLY IF EXISTS public.workflows_name_idx;
