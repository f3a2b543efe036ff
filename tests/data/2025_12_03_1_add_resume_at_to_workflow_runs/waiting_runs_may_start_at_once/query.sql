SELECT right(id::text, 1), resume_at <= now(), to_char(updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') FROM workflow_runs ORDER BY id;
