SELECT right(id::text, 2), right(user_id::text, 1), name FROM workflows ORDER BY id;
