INSERT INTO users (id, email, password_hash, first_name, last_name, settings, updated_at) VALUES
    ('a1000000-0000-4000-8000-000000000001', 'user1@example.com', 'x', 'User', '1', '{}', '2025-11-01 08:00:00+00'),
    ('a1000000-0000-4000-8000-000000000002', 'user2@example.com', 'x', 'User', '2', '{"theme": "dark"}',
        '2025-11-01 08:00:00+00'),
    ('a1000000-0000-4000-8000-000000000003', 'user3@example.com', 'x', 'User', '3', '{"privacy": {}}',
        '2025-11-01 08:00:00+00'),
    ('a1000000-0000-4000-8000-000000000004', 'user4@example.com', 'x', 'User', '4',
        '{"privacy": {"newsletter": false}, "theme": "größer"}', '2025-11-01 08:00:00+00'),
    ('a1000000-0000-4000-8000-000000000005', 'user5@example.com', 'x', 'User', '5',
        '{"share_workflows_for_improvement": false}', '2025-11-01 08:00:00+00');
