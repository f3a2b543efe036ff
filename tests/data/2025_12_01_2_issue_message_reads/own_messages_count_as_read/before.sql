INSERT INTO users (id, email, password_hash, first_name, last_name) VALUES
    ('a1000000-0000-4000-8000-000000000001', 'user1@example.com', 'x', 'User', '1');
INSERT INTO issue_reports (id, user_id, user_email, user_name, description, created_at) VALUES
    ('f1000000-0000-4000-8000-000000000001', 'a1000000-0000-4000-8000-000000000001', 'user1@example.com', 'User 1',
        'It is slow', '2025-11-26 08:00:00+00'),
    ('f1000000-0000-4000-8000-000000000002', 'a1000000-0000-4000-8000-000000000001', 'user1@example.com', 'User 1',
        'Still slow', '2025-11-27 08:00:00+00');
INSERT INTO issue_report_messages (id, issue_id, sender_id, sender_type, body, created_at) VALUES
    ('f2000000-0000-4000-8000-000000000001', 'f1000000-0000-4000-8000-000000000001',
        'a1000000-0000-4000-8000-000000000001', 'user', 'Any news?', '2025-12-01 08:00:00+00'),
    ('f2000000-0000-4000-8000-000000000002', 'f1000000-0000-4000-8000-000000000001', NULL, 'admin', 'Soon.',
        '2025-12-01 09:00:00+00'),
    ('f2000000-0000-4000-8000-000000000003', 'f1000000-0000-4000-8000-000000000002', NULL, 'user', 'And now?',
        '2025-12-01 10:00:00+00');
