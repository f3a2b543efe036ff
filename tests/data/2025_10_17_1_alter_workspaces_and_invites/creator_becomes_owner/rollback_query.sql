SELECT name, right(created_by::text, 1) FROM workspaces ORDER BY id;
