SELECT count(*) FROM workspace_member_audit;
