SELECT 'label', enumlabel::text FROM pg_enum WHERE enumtypid = 'oauth_connection_provider'::regtype
UNION ALL
SELECT 'token ' || right(id::text, 1), provider::text FROM user_oauth_tokens
UNION ALL
SELECT 'connection ' || right(id::text, 1), provider::text FROM workspace_connections
ORDER BY 1, 2;
