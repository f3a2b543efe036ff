SELECT right(id::text, 1), status, to_char(updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') FROM issue_reports ORDER BY id;
