INSERT INTO user_oauth_tokens (id, user_id, provider, access_token, refresh_token, account_email, expires_at) VALUES
    ('c1000000-0000-4000-8000-000000000001', 'a1000000-0000-4000-8000-000000000001', 'slack', 'a', 'r',
        'x@example.com', '2025-12-01 08:00:00+00'),
    ('c1000000-0000-4000-8000-000000000002', 'a1000000-0000-4000-8000-000000000002', 'slack', 'a', 'r',
        'x@example.com', '2025-12-01 08:00:00+00'),
    ('c1000000-0000-4000-8000-000000000003', 'a1000000-0000-4000-8000-000000000002', 'google', 'a', 'r',
        'x@example.com', '2025-12-01 08:00:00+00');
INSERT INTO workspace_connections (
    id, workspace_id, created_by, provider, access_token, refresh_token, account_email, expires_at
) VALUES
    ('e6000000-0000-4000-8000-000000000001', 'e1000000-0000-4000-8000-000000000001',
        'a1000000-0000-4000-8000-000000000001', 'slack', 'a', 'r', 'x@example.com', '2025-12-01 08:00:00+00');
