SELECT
    seen.*,
    (
        SELECT count(*)
        FROM pg_class
        CROSS JOIN aclexplode(relacl) AS acl
        WHERE relname IN ('later', 'later_id_seq') AND acl.grantee <> relowner
    )
FROM seen;
