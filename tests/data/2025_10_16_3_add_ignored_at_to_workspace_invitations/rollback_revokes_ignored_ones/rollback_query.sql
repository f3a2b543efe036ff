SELECT right(id::text, 1), to_char(accepted_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'), to_char(revoked_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')
FROM workspace_invitations
ORDER BY id;
