SELECT 'team' AS what, right(id::text, 1) AS key, concat_ws(', ', right(workspace_id::text, 1), name,
    to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'),
    to_char(updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')) AS rest
FROM teams
UNION ALL
SELECT 'member', right(team_id::text, 1) || ' ' || right(user_id::text, 1), to_char(added_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')
FROM team_members
UNION ALL
SELECT 'share', right(team_id::text, 1) || ' ' || right(workflow_id::text, 1), to_char(added_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')
FROM team_workflow_shares
UNION ALL
SELECT 'invitation', right(id::text, 1), right(team_id::text, 1)
FROM workspace_invitations
UNION ALL
SELECT 'link', right(id::text, 1), concat_ws(', ', right(workspace_id::text, 1), right(team_id::text, 1),
    right(created_by::text, 1), token, coalesce(allowed_domain, 'null'), coalesce(max_uses::text, 'null'), used_count,
    coalesce(to_char(expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'), 'null'),
    to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'))
FROM team_invite_links
UNION ALL
SELECT 'workspace member', right(workspace_id::text, 1) || ' ' || right(user_id::text, 1), role::text
FROM workspace_members
ORDER BY what, key;
