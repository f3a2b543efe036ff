-- What hangs on objects of every kind: privileges, comments, security labels, extensions that they need, and owners. It
-- counts where the object does, so the note of the object is not repeated; default privileges hang on nothing.
SELECT concat(CASE WHEN subject LIKE 'default %' THEN regexp_replace(subject, '^default', 'default privileges on')
            ELSE 'privileges on ' || subject END, ' for ', role.name), coalesce(list, 'none'), CASE WHEN subject LIKE 'default %' THEN note END
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
SELECT 'comment on ' || subject, description, NULL
FROM described AS d
JOIN pg_description ON classoid = class AND objoid = d.oid AND objsubid = sub
WHERE NOT (subject = 'schema public' AND description = 'standard public schema')
UNION ALL
-- An extension brings a comment of its own. Each database has plpgsql, which is not read as an object.
SELECT 'comment on extension ' || quote_ident(extname), description, CASE extname WHEN 'plpgsql' THEN 'shared' END
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
SELECT concat('security label on ', subject, ' by ', quote_ident(provider)), label, NULL
FROM described AS d
JOIN pg_seclabel ON classoid = class AND objoid = d.oid AND objsubid = sub
UNION ALL
SELECT concat('dependency of ', subject, ' on extension ', quote_ident(extname)), 'dependency', NULL
FROM described AS d
JOIN pg_depend ON classid = class AND objid = d.oid AND objsubid = 0 AND deptype = 'x' AND refclassid = 'pg_extension'::regclass
JOIN pg_extension AS e ON e.oid = refobjid
WHERE sub = 0
UNION ALL
SELECT 'owner of ' || subject, role.name, NULL
FROM (
    SELECT kind || name AS subject, relowner AS owner FROM relation WHERE relkind <> 'S'
    -- A sequence that a column owns goes with its table.
    UNION ALL SELECT subject, relowner FROM sequence WHERE deptype IS NULL
    UNION ALL SELECT kind || name, proowner FROM function_
    UNION ALL SELECT kind || name, typowner FROM type_
    UNION ALL SELECT 'statistics ' || name, stxowner FROM statistics_
    UNION ALL SELECT 'event trigger ' || name, evtowner FROM event_trigger
    UNION ALL SELECT subject, owner FROM other
        WHERE owner IS NOT NULL AND NOT EXISTS (SELECT FROM from_extension WHERE classid = other.class AND objid = other.oid)
    UNION ALL SELECT 'schema ' || quote_ident(nspname), nspowner FROM space
        WHERE nspname <> 'public' AND NOT EXISTS (SELECT FROM from_extension WHERE classid = 'pg_namespace'::regclass AND objid = space.oid)
) AS owned
CROSS JOIN the
JOIN role ON role.oid = owned.owner
WHERE owned.owner <> the.owner
