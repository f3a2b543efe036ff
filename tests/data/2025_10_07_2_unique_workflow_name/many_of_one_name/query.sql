SELECT name FROM workflows WHERE created_at < '2025-10-01 00:04:00+00' OR created_at > '2025-10-01 02:28:00+00' ORDER BY created_at;
