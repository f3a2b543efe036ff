SELECT
    right(id::text, 1),
    accepted_at IS NOT NULL,
    revoked_at IS NOT NULL,
    ignored_at IS NOT NULL
FROM workspace_invitations
ORDER BY id;
