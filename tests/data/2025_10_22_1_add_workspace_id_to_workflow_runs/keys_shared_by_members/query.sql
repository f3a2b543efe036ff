SELECT right(id::text, 1), idempotency_key FROM workflow_runs ORDER BY id;
