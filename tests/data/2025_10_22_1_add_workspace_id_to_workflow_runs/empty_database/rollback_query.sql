SELECT count(*) FROM workflow_runs;
