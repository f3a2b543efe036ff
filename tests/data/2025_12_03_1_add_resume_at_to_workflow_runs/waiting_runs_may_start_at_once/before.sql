INSERT INTO users (id, email, password_hash, first_name, last_name) VALUES
    ('a1000000-0000-4000-8000-000000000001', 'user1@example.com', 'x', 'User', '1');
INSERT INTO workflows (id, user_id, name, data) VALUES
    ('b1000000-0000-4000-8000-000000000001', 'a1000000-0000-4000-8000-000000000001', 'W', '{}');
INSERT INTO workflow_runs (
    id, user_id, workflow_id, workspace_id, idempotency_key, snapshot, created_at, updated_at
) VALUES
    ('b2000000-0000-4000-8000-000000000001', 'a1000000-0000-4000-8000-000000000001',
        'b1000000-0000-4000-8000-000000000001', NULL, NULL, '{}', '2025-10-15 08:00:00+00', '2025-10-20 08:00:00+00'),
    ('b2000000-0000-4000-8000-000000000002', 'a1000000-0000-4000-8000-000000000001',
        'b1000000-0000-4000-8000-000000000001', NULL, NULL, '{}', '2025-10-16 08:00:00+00', '2025-10-20 08:00:00+00');
