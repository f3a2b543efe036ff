INSERT INTO users (id, email, password_hash, first_name, last_name) VALUES
    ('a1000000-0000-4000-8000-000000000001', 'user1@example.com', 'x', 'User', '1');
INSERT INTO workflows (user_id, name, data, created_at)
SELECT 'a1000000-0000-4000-8000-000000000001', 'Copy', '{}',
        timestamptz '2025-10-01 00:00:00+00' + n * interval '1 minute'
FROM generate_series(1, 150) AS n;
