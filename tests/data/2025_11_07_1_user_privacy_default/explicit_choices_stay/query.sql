SELECT last_name, settings, to_char(updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') FROM users ORDER BY id;
