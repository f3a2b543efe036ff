SELECT right(id::text, 1), body FROM issue_report_messages ORDER BY id;
