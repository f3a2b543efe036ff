SELECT resource_type, count(*) FROM team_removal_audit GROUP BY 1 ORDER BY 1;
