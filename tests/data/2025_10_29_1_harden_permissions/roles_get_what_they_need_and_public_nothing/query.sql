SELECT 'database', acl.grantee::regrole::text, string_agg(acl.privilege_type, ' ' ORDER BY acl.privilege_type)
FROM pg_database
CROSS JOIN aclexplode(datacl) AS acl
WHERE datname = current_database() AND acl.grantee <> datdba
GROUP BY 2
UNION ALL
SELECT relname, acl.grantee::regrole::text, string_agg(
    acl.privilege_type, ' ' ORDER BY acl.privilege_type
) FILTER (WHERE acl.privilege_type <> 'MAINTAIN')
FROM pg_class
CROSS JOIN aclexplode(relacl) AS acl
WHERE relname IN ('users', 'early_access_emails_id_seq') AND acl.grantee <> relowner
GROUP BY 1, 2
UNION ALL
SELECT 'later ' || defaclobjtype::text, acl.grantee::regrole::text, string_agg(
    acl.privilege_type, ' ' ORDER BY acl.privilege_type
) FILTER (WHERE acl.privilege_type <> 'MAINTAIN')
FROM pg_default_acl
CROSS JOIN aclexplode(defaclacl) AS acl
WHERE defaclnamespace = 'public'::regnamespace
GROUP BY 1, 2
ORDER BY 1, 2;
