SELECT right(id::text, 1), description FROM issue_reports ORDER BY id;
