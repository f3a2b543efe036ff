INSERT INTO users (id, email, password_hash, first_name, last_name) VALUES
    ('a1000000-0000-4000-8000-000000000001', 'user1@example.com', 'x', 'User', '1'),
    ('a1000000-0000-4000-8000-000000000002', 'user2@example.com', 'x', 'User', '2');
INSERT INTO workspaces (id, created_by, name, updated_at) VALUES
    ('e1000000-0000-4000-8000-000000000001', 'a1000000-0000-4000-8000-000000000001', 'One', '2025-10-14 08:00:00+00'),
    ('e1000000-0000-4000-8000-000000000002', 'a1000000-0000-4000-8000-000000000002', 'Two', '2025-10-14 08:00:00+00');
