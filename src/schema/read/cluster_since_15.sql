-- Catalogs of the server that are there from PostgreSQL 15 on.
SELECT format('privileges on parameter %s for %s', parname, role.name), string_agg(
        privilege_type || CASE WHEN is_grantable THEN '*' ELSE '' END, ', ' ORDER BY privilege_type COLLATE "C"
    ), 'cluster'
FROM pg_parameter_acl
CROSS JOIN LATERAL aclexplode(paracl) AS exploded
JOIN role ON role.oid = grantee
WHERE grantee <> 10
GROUP BY parname, role.name
