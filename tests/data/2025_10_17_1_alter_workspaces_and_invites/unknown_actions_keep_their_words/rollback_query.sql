SELECT right(id::text, 2), replace(action, E'\n', '/'), replace(reason, E'\n', '/') FROM workspace_member_audit ORDER BY id;
