SELECT
    right(id::text, 2),
    name,
    to_char(updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')
FROM workflows
ORDER BY id;
