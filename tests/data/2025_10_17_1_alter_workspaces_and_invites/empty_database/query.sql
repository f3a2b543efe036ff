SELECT (SELECT count(*) FROM workspaces), (SELECT count(*) FROM workspace_invitations), (SELECT count(*) FROM workspace_member_audit);
