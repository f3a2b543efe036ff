SELECT right(id::text, 2), action, replace(reason, E'\n', '/') FROM workspace_member_audit ORDER BY id;
