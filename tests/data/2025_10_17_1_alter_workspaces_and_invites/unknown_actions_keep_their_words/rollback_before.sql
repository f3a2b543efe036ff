INSERT INTO workspace_member_audit (id, workspace_id, member_id, actor_id, action, reason) VALUES
    ('e5000000-0000-4000-8000-000000000020', 'e1000000-0000-4000-8000-000000000001',
        'a1000000-0000-4000-8000-000000000002', 'a1000000-0000-4000-8000-000000000001', 'left', 'written since');
