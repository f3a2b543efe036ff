SELECT right(id::text, 1), status FROM workspace_invitations ORDER BY id;
