INSERT INTO users (id, email, password_hash, first_name, last_name) VALUES
    ('a1000000-0000-4000-8000-000000000001', 'user1@example.com', 'x', 'User', '1'),
    ('a1000000-0000-4000-8000-000000000002', 'user2@example.com', 'x', 'User', '2'),
    ('a1000000-0000-4000-8000-000000000003', 'user3@example.com', 'x', 'User', '3');
UPDATE users SET oauth_provider = 'email' WHERE last_name IN ('1', '2');
