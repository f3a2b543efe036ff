SELECT right(id::text, 2), right(member_id::text, 1), right(actor_id::text, 1), action, reason
FROM workspace_member_audit
ORDER BY id;
