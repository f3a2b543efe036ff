-- Workers upsert the state of a node, which needs one row per node and run.
-- Where a node has two rows in one run this fails: which of them tells the truth is not for a migration to say.
-- allow: create-index: workflow_node_runs is one day old; the index is there in a moment.
CREATE UNIQUE INDEX IF NOT EXISTS uniq_node_runs_run_node ON workflow_node_runs (run_id, node_id);

-- Rollback:
--   DROP INDEX uniq_node_runs_run_node;
