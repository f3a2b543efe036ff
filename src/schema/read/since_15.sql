-- Catalogs that are there from PostgreSQL 15 on.
SELECT format('schema %I in publication %I', n.nspname, p.pubname), 'published', 'shared'
FROM pg_publication_namespace
JOIN pg_publication AS p ON p.oid = pnpubid
JOIN pg_namespace AS n ON n.oid = pnnspid
UNION ALL
SELECT format('privileges on parameter %s for %s', parname, role.name), string_agg(
        privilege_type || CASE WHEN is_grantable THEN '*' ELSE '' END, ', ' ORDER BY privilege_type COLLATE "C"
    ), 'cluster'
FROM pg_parameter_acl
CROSS JOIN LATERAL aclexplode(paracl) AS exploded
JOIN role ON role.oid = grantee
WHERE grantee <> 10
GROUP BY parname, role.name
