SELECT count(*) FROM issue_report_messages;
