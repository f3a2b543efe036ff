-- Quotas and lists of runs go by workspace, so each run carries it; a key sent by two members must start one run only.
-- The trigger rests meanwhile: no run changes by this, updated_at stays as it is.
-- allow: long-table-lock: the trigger rests and the index is gone only within this transaction, so both ends need the
-- lock; workflow_runs is two weeks old.
ALTER TABLE workflow_runs DISABLE TRIGGER update_workflow_runs_updated_at;

-- allow: drop-index: the keys change below, so the index goes before and comes back after, in one transaction;
-- workflow_runs is two weeks old.
-- allow: create-index: workflow_runs is two weeks old; both indexes cost less than the UPDATE above, which has its rows
-- locked already.
DROP INDEX IF EXISTS idx_workflow_runs_idem_unique;

UPDATE workflow_runs AS run
SET workspace_id = workflow.workspace_id
FROM workflows AS workflow
WHERE workflow.id = run.workflow_id
  AND run.workspace_id IS NULL
  AND workflow.workspace_id IS NOT NULL;

-- Keys were unique per user so far. Where several members used one, the oldest run has it, and the others get their
-- user's id behind it: they are past, nobody asks for them by key.
UPDATE workflow_runs AS run
SET idempotency_key = format('%s (of user %s)', run.idempotency_key, run.user_id)
FROM (
    SELECT
        id,
        row_number() OVER (
            PARTITION BY coalesce(workspace_id, user_id), workflow_id, idempotency_key
            ORDER BY created_at, id
        ) AS place
    FROM workflow_runs
    WHERE idempotency_key IS NOT NULL
) AS ranked
WHERE ranked.id = run.id
  AND ranked.place > 1;

ALTER TABLE workflow_runs ENABLE TRIGGER update_workflow_runs_updated_at;

CREATE UNIQUE INDEX idx_workflow_runs_idem_unique
    ON workflow_runs (coalesce(workspace_id, user_id), workflow_id, idempotency_key)
    WHERE idempotency_key IS NOT NULL;
CREATE INDEX IF NOT EXISTS idx_workflow_runs_workspace_id ON workflow_runs (workspace_id);

-- Rollback:
--   DROP INDEX idx_workflow_runs_workspace_id;
--   DROP INDEX idx_workflow_runs_idem_unique;
--   ALTER TABLE workflow_runs DISABLE TRIGGER update_workflow_runs_updated_at;
--   UPDATE workflow_runs
--   SET idempotency_key = left(idempotency_key, -length(format(' (of user %s)', user_id)))
--   WHERE right(idempotency_key, length(format(' (of user %s)', user_id))) = format(' (of user %s)', user_id);
--   ALTER TABLE workflow_runs ENABLE TRIGGER update_workflow_runs_updated_at;
--   DO $$
--   DECLARE
--       surplus bigint := (
--           SELECT count(*) - count(DISTINCT (user_id, workflow_id, idempotency_key))
--           FROM workflow_runs
--           WHERE idempotency_key IS NOT NULL
--       );
--   BEGIN
--       IF surplus > 0 THEN
--           RAISE EXCEPTION 'cannot make idempotency keys unique per user again, number of surplus runs: %', surplus
--               USING ERRCODE = 'unique_violation',
--                   HINT = 'Runs of one user and workflow share a key across workspaces. '
--                       'Set idempotency_key to null in all but one of each group, then roll back again.';
--       END IF;
--   END
--   $$;
--   CREATE UNIQUE INDEX idx_workflow_runs_idem_unique
--       ON workflow_runs (user_id, workflow_id, idempotency_key)
--       WHERE idempotency_key IS NOT NULL;
--   -- workspace_id stays, filled as it is: the column belongs to 2025_10_14_1.
--   -- Keys get back what the step put behind them. Refuses where one user has a key twice in a workflow.
