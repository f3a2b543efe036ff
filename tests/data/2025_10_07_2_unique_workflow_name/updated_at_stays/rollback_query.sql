SELECT right(id::text, 2), name, updated_at > '2025-10-05 00:00:00+00' FROM workflows ORDER BY id;
