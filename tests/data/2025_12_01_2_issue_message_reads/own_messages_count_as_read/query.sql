SELECT right(id::text, 1), sender_type, to_char(read_by_user_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'), to_char(read_by_admin_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')
FROM issue_report_messages
ORDER BY id;
