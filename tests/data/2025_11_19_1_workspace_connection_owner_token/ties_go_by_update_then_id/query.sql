SELECT right(id::text, 1), right(created_by::text, 1), right(owner_user_id::text, 1), right(user_oauth_token_id::text, 1)
FROM workspace_connections
ORDER BY id;
