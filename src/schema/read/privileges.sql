-- What hangs on objects of every kind: privileges, comments, security labels, extensions that they need, and owners.
SELECT concat(CASE WHEN subject LIKE 'default %' THEN regexp_replace(subject, '^default', 'default privileges on')
            ELSE 'privileges on ' || subject END, ' for ', role.name), coalesce(list, 'none'), note
FROM (
    SELECT subject, note, owner, grantee, max(list) FILTER (WHERE NOT usual_one) AS list, max(list) FILTER (WHERE usual_one) AS usual
    FROM granted
    GROUP BY subject, note, owner, grantee
) AS granted
JOIN role ON role.oid = grantee
CROSS JOIN the
WHERE list IS DISTINCT FROM usual
  -- As a new database has it from PostgreSQL 15 on.
  AND NOT (subject = 'schema public' AND grantee = 0 AND list IS NOT DISTINCT FROM 'USAGE')
  -- Database and schema public are made by others, who give the owner what it needs, by grants or as its own.
  AND NOT (subject IN ('database', 'schema public') AND (grantee IN (granted.owner, the.owner) OR role.name = 'pg_database_owner'))
  -- What a role makes belongs to it, and no default privilege is needed.
  AND NOT (subject LIKE 'default % in schema %' AND grantee = granted.owner)
UNION ALL
SELECT 'comment on ' || subject, description, note
FROM described AS d
JOIN pg_description ON classoid = class AND objoid = d.oid AND objsubid = sub
WHERE NOT (subject = 'schema public' AND description = 'standard public schema')
UNION ALL
-- An extension brings a comment of its own.
SELECT 'comment on extension ' || quote_ident(extname), description, 'shared'
FROM pg_extension AS e
JOIN pg_description ON classoid = 'pg_extension'::regclass AND objoid = e.oid
LEFT JOIN pg_available_extensions() AS available ON available.name = extname
WHERE description IS DISTINCT FROM coalesce(available.comment, description)
UNION ALL
SELECT 'comment on database', description, 'shared'
FROM pg_database AS d
JOIN pg_shdescription ON classoid = 'pg_database'::regclass AND objoid = d.oid
WHERE datname = current_database()
UNION ALL
SELECT concat('security label on ', subject, ' by ', quote_ident(provider)), label, note
FROM described AS d
JOIN pg_seclabel ON classoid = class AND objoid = d.oid AND objsubid = sub
UNION ALL
SELECT concat('dependency of ', subject, ' on extension ', quote_ident(extname)), 'dependency', note
FROM described AS d
JOIN pg_depend ON classid = class AND objid = d.oid AND objsubid = 0 AND deptype = 'x' AND refclassid = 'pg_extension'::regclass
JOIN pg_extension AS e ON e.oid = refobjid
WHERE sub = 0
UNION ALL
SELECT 'owner of ' || subject, role.name, note
FROM (
    SELECT kind || name AS subject, relowner AS owner, NULL AS note FROM relation WHERE relkind <> 'S'
    -- A sequence that a column owns goes with its table.
    UNION ALL SELECT subject, relowner, NULL FROM sequence WHERE deptype IS NULL
    UNION ALL SELECT kind || name, proowner, NULL FROM function_
    UNION ALL SELECT kind || name, typowner, NULL FROM type_
    UNION ALL SELECT 'statistics ' || name, stxowner, NULL FROM statistics_
    UNION ALL SELECT 'event trigger ' || name, evtowner, 'shared' FROM event_trigger
    UNION ALL SELECT subject, owner, note FROM other
        WHERE owner IS NOT NULL AND NOT EXISTS (SELECT FROM from_extension WHERE classid = other.class AND objid = other.oid)
    UNION ALL SELECT 'schema ' || quote_ident(nspname), nspowner, NULL FROM space
        WHERE nspname <> 'public' AND NOT EXISTS (SELECT FROM from_extension WHERE classid = 'pg_namespace'::regclass AND objid = space.oid)
) AS owned
CROSS JOIN the
JOIN role ON role.oid = owned.owner
WHERE owned.owner <> the.owner
