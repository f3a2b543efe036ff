SELECT email, accepted_at, revoked_at, ignored_at FROM workspace_invitations ORDER BY id;
