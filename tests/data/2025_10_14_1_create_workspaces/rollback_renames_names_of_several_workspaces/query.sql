SELECT count(*) FROM workspaces;
