SELECT (SELECT count(*) FROM team_removal_audit), (SELECT count(*) FROM workspace_members);
