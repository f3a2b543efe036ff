SELECT right(id::text, 1), right(created_by::text, 1), provider, to_char(expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')
FROM workspace_connections
ORDER BY id;
