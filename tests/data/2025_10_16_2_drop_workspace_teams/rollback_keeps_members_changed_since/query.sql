SELECT right(workspace_id::text, 1), right(user_id::text, 1), role, to_char(joined_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')
FROM workspace_members
ORDER BY workspace_id, user_id;
