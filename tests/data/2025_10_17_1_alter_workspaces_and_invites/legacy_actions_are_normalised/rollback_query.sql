SELECT right(id::text, 2), right(user_id::text, 1), right(acted_by::text, 1), action, reason
FROM workspace_member_audit
ORDER BY id;
