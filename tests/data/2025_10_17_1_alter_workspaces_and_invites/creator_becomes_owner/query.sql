SELECT name, right(owner_id::text, 1), plan, deleted_at, to_char(updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')
FROM workspaces
ORDER BY id;
