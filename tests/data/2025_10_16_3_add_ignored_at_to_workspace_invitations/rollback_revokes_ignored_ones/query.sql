SELECT count(*) FROM workspace_invitations;
