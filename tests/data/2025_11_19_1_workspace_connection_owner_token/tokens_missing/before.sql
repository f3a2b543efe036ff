INSERT INTO users (id, email, password_hash, first_name, last_name) VALUES
    ('a1000000-0000-4000-8000-000000000001', 'user1@example.com', 'x', 'User', '1'),
    ('a1000000-0000-4000-8000-000000000002', 'user2@example.com', 'x', 'User', '2');
INSERT INTO workspaces (id, created_by, owner_id, name) VALUES
    ('e1000000-0000-4000-8000-000000000001', 'a1000000-0000-4000-8000-000000000001',
        'a1000000-0000-4000-8000-000000000001', 'One'),
    ('e1000000-0000-4000-8000-000000000002', 'a1000000-0000-4000-8000-000000000002',
        'a1000000-0000-4000-8000-000000000002', 'Two');
INSERT INTO user_oauth_tokens (id, user_id, provider, access_token, refresh_token, account_email, expires_at) VALUES
    ('c1000000-0000-4000-8000-000000000001', 'a1000000-0000-4000-8000-000000000001', 'google', 'a', 'r',
        'x@example.com', '2025-12-01 08:00:00+00'),
    ('c1000000-0000-4000-8000-000000000002', 'a1000000-0000-4000-8000-000000000002', 'google', 'a', 'r',
        'x@example.com', '2025-12-01 08:00:00+00');
UPDATE user_oauth_tokens SET workspace_id = 'e1000000-0000-4000-8000-000000000002' WHERE id = 'c1000000-0000-4000-8000-000000000002';
-- The second user has a token of the workspace only, the third connection none of its provider.
INSERT INTO workspace_connections (
    id, workspace_id, created_by, provider, access_token, refresh_token, account_email, expires_at
) VALUES
    ('e6000000-0000-4000-8000-000000000001', 'e1000000-0000-4000-8000-000000000001',
        'a1000000-0000-4000-8000-000000000001', 'google', 'a', 'r', 'x@example.com', '2025-12-01 08:00:00+00'),
    ('e6000000-0000-4000-8000-000000000002', 'e1000000-0000-4000-8000-000000000002',
        'a1000000-0000-4000-8000-000000000002', 'google', 'a', 'r', 'x@example.com', '2025-12-01 08:00:00+00'),
    ('e6000000-0000-4000-8000-000000000003', 'e1000000-0000-4000-8000-000000000001',
        'a1000000-0000-4000-8000-000000000001', 'microsoft', 'a', 'r', 'x@example.com', '2025-12-01 08:00:00+00');
