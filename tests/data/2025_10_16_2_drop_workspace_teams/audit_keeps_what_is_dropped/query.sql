SELECT
    resource_type,
    right(workspace_id::text, 1),
    right(team_id::text, 1),
    right(resource_id::text, 1),
    metadata ->> 'name',
    metadata ->> 'email',
    metadata ->> 'token',
    right(metadata ->> 'created_by', 1),
    metadata ->> 'allowed_domain',
    metadata ->> 'max_uses',
    metadata ->> 'used_count',
    to_char((metadata ->> 'expires_at')::timestamptz AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'),
    to_char((metadata ->> 'created_at')::timestamptz AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'),
    to_char((metadata ->> 'updated_at')::timestamptz AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'),
    to_char((metadata ->> 'added_at')::timestamptz AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')
FROM team_removal_audit
ORDER BY resource_type, team_id, resource_id;
