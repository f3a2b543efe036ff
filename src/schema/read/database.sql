-- Rows for the reader itself, schemas and extensions.
--
-- Each row: an object, its definition, and a note. Notes: 'shared' for what belongs to the database and counts where a
-- migration made it; 'cluster' for what belongs to the server; 'unknown' for what this reader does not know; 'building' for
-- an index that somebody builds at this moment; 'oid:N' for another index that is not valid. A row whose object begins with
-- a blank, or is empty, is for the reader.
SELECT '' AS object, CASE owner_name WHEN 'owner' THEN '"owner"' ELSE quote_ident(owner_name) END AS definition, NULL AS note
FROM the
UNION ALL
SELECT ' comment on history', description, NULL
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = relnamespace
JOIN pg_description ON classoid = 'pg_class'::regclass AND objoid = c.oid AND objsubid = 0
WHERE relname = {history} AND nspname = {history_schema}
UNION ALL
SELECT ' database', role.name, NULL
FROM pg_database
JOIN role ON role.oid = datdba
CROSS JOIN the
WHERE datname = current_database() AND NOT pg_has_role(the.owner, datdba, 'USAGE')
UNION ALL
SELECT ' schema public', role.name, NULL
FROM space
JOIN role ON role.oid = nspowner
CROSS JOIN the
WHERE nspname = 'public' AND NOT pg_has_role(the.owner, nspowner, 'USAGE')
UNION ALL
SELECT 'schema ' || quote_ident(nspname), 'schema', NULL
FROM space
WHERE nspname <> 'public'
  AND NOT EXISTS (SELECT FROM from_extension WHERE classid = 'pg_namespace'::regclass AND objid = space.oid)
UNION ALL
SELECT 'extension ' || quote_ident(extname), 'in schema ' || quote_ident(nspname), 'shared'
FROM pg_extension
JOIN pg_namespace AS n ON n.oid = extnamespace
WHERE extname <> 'plpgsql'
UNION ALL
-- The value of a setting that the server does not know may be a secret of the application.
SELECT concat('setting ', split_part(setting, '=', 1), ' of ', 'role ' || role.name || ' in ', 'database'),
    CASE
        WHEN split_part(setting, '=', 1) LIKE '%.%'
            THEN 'not shown, SHA-256 ' || left(encode(sha256(convert_to(substr(setting, strpos(setting, '=') + 1), 'UTF8')), 'hex'), 16)
        ELSE substr(setting, strpos(setting, '=') + 1)
    END, 'shared'
FROM pg_db_role_setting AS s
CROSS JOIN LATERAL unnest(setconfig) AS setting
LEFT JOIN role ON role.oid = nullif(setrole, 0)
WHERE setdatabase = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
UNION ALL
SELECT other.subject, other.definition, other.note
FROM other
WHERE class IS NULL OR NOT EXISTS (SELECT FROM from_extension WHERE classid = other.class AND objid = other.oid)
