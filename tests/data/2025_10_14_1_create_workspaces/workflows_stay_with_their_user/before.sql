INSERT INTO users (id, email, password_hash, first_name, last_name) VALUES
    ('a1000000-0000-4000-8000-000000000001', 'user1@example.com', 'x', 'User', '1'),
    ('a1000000-0000-4000-8000-000000000002', 'user2@example.com', 'x', 'User', '2');
INSERT INTO workflows (id, user_id, name, data, created_at, updated_at) VALUES
    ('b1000000-0000-4000-8000-000000000001', 'a1000000-0000-4000-8000-000000000001', 'Report', '{}',
        '2025-10-01 08:00:00+00', '2025-10-05 00:00:00+00'),
    ('b1000000-0000-4000-8000-000000000002', 'a1000000-0000-4000-8000-000000000002', 'report', '{}',
        '2025-10-02 08:00:00+00', '2025-10-05 00:00:00+00');
