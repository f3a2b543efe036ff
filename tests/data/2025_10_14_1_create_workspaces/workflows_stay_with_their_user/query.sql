SELECT name, workspace_id, to_char(updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') FROM workflows ORDER BY id;
