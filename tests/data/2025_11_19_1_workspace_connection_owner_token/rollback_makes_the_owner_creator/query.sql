SELECT count(*) FROM workspace_connections;
