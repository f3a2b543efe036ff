INSERT INTO users (id, email, password_hash, first_name, last_name, settings, updated_at) VALUES
    ('a1000000-0000-4000-8000-000000000001', 'user1@example.com', 'x', 'User', '1',
        '{"privacy": {"share_workflows_for_improvement": false}}', '2025-11-01 08:00:00+00'),
    ('a1000000-0000-4000-8000-000000000002', 'user2@example.com', 'x', 'User', '2',
        '{"privacy": {"share_workflows_for_improvement": true, "newsletter": true}}', '2025-11-01 08:00:00+00'),
    ('a1000000-0000-4000-8000-000000000003', 'user3@example.com', 'x', 'User', '3',
        '{"privacy": {"share_workflows_for_improvement": null}}', '2025-11-01 08:00:00+00'),
    ('a1000000-0000-4000-8000-000000000004', 'user4@example.com', 'x', 'User', '4',
        '{"privacy": {"share_workflows_for_improvement": "ask"}}', '2025-11-01 08:00:00+00');
