INSERT INTO users (id, email, password_hash, first_name, last_name) VALUES
    ('a1000000-0000-4000-8000-000000000001', 'user1@example.com', 'x', 'User', '1');
INSERT INTO workspaces (id, created_by, name) VALUES
    ('e1000000-0000-4000-8000-000000000001', 'a1000000-0000-4000-8000-000000000001', 'One');
INSERT INTO workspace_invitations (id, workspace_id, created_by, email, token, expires_at) VALUES
    ('e3000000-0000-4000-8000-000000000001', 'e1000000-0000-4000-8000-000000000001',
        'a1000000-0000-4000-8000-000000000001', 'new@example.com', 'invite-1', '2025-10-30 08:00:00+00');
