SELECT right(id::text, 1), right(workspace_id::text, 1), idempotency_key, to_char(updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')
FROM workflow_runs
ORDER BY id;
