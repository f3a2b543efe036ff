-- What belongs to the server and not to one database. Other databases use it too, so it is never drift.
SELECT 'role ' || role.name, concat_ws(
        ' ', CASE WHEN rolsuper THEN 'superuser' END, CASE WHEN rolinherit THEN 'inherit' ELSE 'noinherit' END,
        CASE WHEN rolcreaterole THEN 'createrole' END, CASE WHEN rolcreatedb THEN 'createdb' END,
        CASE WHEN rolcanlogin THEN 'login' ELSE 'nologin' END, CASE WHEN rolreplication THEN 'replication' END,
        CASE WHEN rolbypassrls THEN 'bypassrls' END, 'connection limit ' || nullif(rolconnlimit, -1),
        'valid until ' || nullif(rolvaliduntil, 'infinity')
    ), 'cluster'
FROM pg_roles AS r
JOIN role ON role.oid = r.oid
WHERE r.oid >= 16384
UNION ALL
-- From PostgreSQL 16 on a membership is there once for each role that granted it.
SELECT format('membership of %s in %s by %s', member.name, parent.name, coalesce(grantor.name, 'a role that is gone')), concat_ws(
        ' ', CASE WHEN m.admin_option THEN 'with admin' ELSE 'without admin' END,
        CASE m.inherits WHEN true THEN 'with inherit' WHEN false THEN 'without inherit' END,
        CASE m.sets WHEN true THEN 'with set' WHEN false THEN 'without set' END
    ), 'cluster'
FROM (
    SELECT m.*
    FROM (SELECT NULL::boolean AS inherit_option, NULL::boolean AS set_option) AS before_16
    CROSS JOIN LATERAL (
        SELECT roleid, member AS memberid, grantor AS grantorid, admin_option, inherit_option AS inherits, set_option AS sets FROM pg_auth_members
    ) AS m
) AS m
JOIN role AS member ON member.oid = m.memberid
JOIN role AS parent ON parent.oid = m.roleid
LEFT JOIN role AS grantor ON grantor.oid = m.grantorid
WHERE m.memberid >= 16384 OR m.roleid >= 16384
UNION ALL
SELECT concat('setting ', split_part(setting, '=', 1), ' of ', coalesce('role ' || role.name, 'all roles')),
    CASE
        WHEN split_part(setting, '=', 1) LIKE '%.%'
            THEN 'not shown, SHA-256 ' || left(encode(sha256(convert_to(substr(setting, strpos(setting, '=') + 1), 'UTF8')), 'hex'), 16)
        ELSE substr(setting, strpos(setting, '=') + 1)
    END, 'cluster'
FROM pg_db_role_setting AS s
CROSS JOIN LATERAL unnest(setconfig) AS setting
LEFT JOIN role ON role.oid = nullif(setrole, 0)
WHERE setdatabase = 0
UNION ALL
SELECT 'tablespace ' || quote_ident(spcname), concat_ws(
        ' ', 'location', quote_literal(pg_tablespace_location(oid)),
        'with (' || (SELECT string_agg(option, ', ' ORDER BY option COLLATE "C") FROM unnest(spcoptions) AS option) || ')'
    ), 'cluster'
FROM pg_tablespace
WHERE oid >= 16384
