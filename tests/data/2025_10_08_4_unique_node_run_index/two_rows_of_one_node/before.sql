INSERT INTO users (id, email, password_hash, first_name, last_name) VALUES
    ('a1000000-0000-4000-8000-000000000001', 'user1@example.com', 'x', 'User', '1');
INSERT INTO workflows (id, user_id, name, data, created_at, updated_at) VALUES
    ('b1000000-0000-4000-8000-000000000001', 'a1000000-0000-4000-8000-000000000001', 'W', '{}',
        '2025-10-01 08:00:00+00', '2025-10-05 00:00:00+00');
INSERT INTO workflow_runs (id, user_id, workflow_id, snapshot) VALUES
    ('b2000000-0000-4000-8000-000000000001', 'a1000000-0000-4000-8000-000000000001',
        'b1000000-0000-4000-8000-000000000001', '{}');
INSERT INTO workflow_node_runs (run_id, node_id) VALUES
    ('b2000000-0000-4000-8000-000000000001', 'start'),
    ('b2000000-0000-4000-8000-000000000001', 'start');
