INSERT INTO users (id, email, password_hash, first_name, last_name) VALUES
    ('a1000000-0000-4000-8000-000000000001', 'user1@example.com', 'x', 'User', '1'),
    ('a1000000-0000-4000-8000-000000000002', 'user2@example.com', 'x', 'User', '2');
INSERT INTO workspaces (id, created_by, owner_id, name) VALUES
    ('e1000000-0000-4000-8000-000000000001', 'a1000000-0000-4000-8000-000000000001',
        'a1000000-0000-4000-8000-000000000001', 'One'),
    ('e1000000-0000-4000-8000-000000000002', 'a1000000-0000-4000-8000-000000000002',
        'a1000000-0000-4000-8000-000000000002', 'Two');
-- As in a database where the rule of one account per user and provider was lifted by hand.
ALTER TABLE user_oauth_tokens DROP CONSTRAINT user_oauth_tokens_user_id_provider_key;
INSERT INTO user_oauth_tokens (
    id, user_id, workspace_id, provider, access_token, refresh_token, account_email, expires_at, created_at,
        updated_at
) VALUES
    ('c1000000-0000-4000-8000-000000000001', 'a1000000-0000-4000-8000-000000000001', NULL, 'google', 'a', 'r',
        'x@example.com', '2025-12-01 08:00:00+00', '2025-10-12 08:00:00+00', '2025-10-12 08:00:00+00'),
    ('c1000000-0000-4000-8000-000000000002', 'a1000000-0000-4000-8000-000000000001',
        'e1000000-0000-4000-8000-000000000001', 'google', 'a', 'r', 'x@example.com', '2025-12-01 08:00:00+00',
        '2025-10-14 08:00:00+00', '2025-10-14 08:00:00+00');
INSERT INTO workspace_connections (
    id, workspace_id, created_by, provider, access_token, refresh_token, account_email, expires_at
) VALUES
    ('e6000000-0000-4000-8000-000000000001', 'e1000000-0000-4000-8000-000000000001',
        'a1000000-0000-4000-8000-000000000001', 'google', 'a', 'r', 'x@example.com', '2025-12-01 08:00:00+00');
