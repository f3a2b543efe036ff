SELECT 'database', string_agg(acl.privilege_type, ' ' ORDER BY acl.privilege_type)
FROM pg_database
CROSS JOIN aclexplode(datacl) AS acl
WHERE datname = current_database() AND acl.grantee = 0
UNION ALL
SELECT 'tables', count(*)::text
FROM pg_class
CROSS JOIN aclexplode(relacl) AS acl
WHERE relnamespace = 'public'::regnamespace AND acl.grantee <> relowner
UNION ALL
SELECT 'later', count(*)::text
FROM pg_default_acl
ORDER BY 1;
