SELECT
    audit.metadata ->> 'name',
    right(member ->> 'user_id', 1),
    to_char((member ->> 'added_at')::timestamptz AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'),
    member ->> 'became_workspace_member'
FROM team_removal_audit AS audit
LEFT JOIN jsonb_array_elements(audit.metadata -> 'members') AS member ON true
WHERE audit.resource_type = 'team'
ORDER BY audit.team_id, member ->> 'added_at';
