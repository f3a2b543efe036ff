-- Every object of the scope and its definition: one row each, in no order. The row without a name holds the owner, and one
-- that begins with a blank names what belongs to somebody of whom the owner is no member, and whom, or is the comment on
-- the history.
--
-- Parsed while search_path is pg_catalog, so that no function of the database's own can be meant, and executed while it
-- is public, so that what stands in public is printed without a schema. In it stand: {spaces} a condition on
-- pg_namespace, {history_schema}, {history} and {ledger} literals, {owner} a role or NULL, {foreign} a query for the tables of other tools and
-- {foreign_functions} their functions, by the number of the tool.
WITH space AS MATERIALIZED (
    SELECT oid, nspname, nspowner, nspacl, CASE nspname WHEN 'public' THEN '' ELSE quote_ident(nspname) || '.' END AS prefix
    FROM pg_namespace
    WHERE {spaces}
),
-- Who owns the history made the schema. Where there is none yet, we will, unless it is said who did.
the AS MATERIALIZED (
    SELECT oid AS owner, rolname AS owner_name, current_setting('server_version_num')::integer / 10000 AS major
    FROM pg_roles
    WHERE oid = coalesce(
        {owner},
        (
            SELECT relowner
            FROM pg_class AS c
            JOIN pg_namespace AS n ON n.oid = relnamespace
            WHERE relname = {history} AND nspname = {history_schema}
        ),
        current_user::regrole
    )
),
role AS MATERIALIZED (
    SELECT oid, CASE WHEN oid = owner THEN 'owner' WHEN rolname = 'owner' THEN '"owner"' ELSE quote_ident(rolname) END AS name
    FROM pg_roles, the
    UNION ALL
    SELECT 0, 'PUBLIC'
),
from_extension AS MATERIALIZED (
    SELECT classid, objid
    FROM pg_depend
    WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
),
-- The tables in which other tools keep what they have applied are theirs, with all that hangs on them.
foreign_ AS MATERIALIZED (
    {foreign}
),
relation AS MATERIALIZED (
    SELECT c.*, nspname, prefix || quote_ident(relname) AS name,
        CASE relkind WHEN 'v' THEN 'view ' WHEN 'm' THEN 'materialized view ' WHEN 'S' THEN 'sequence ' ELSE 'table ' END
            AS kind
    FROM pg_class AS c
    JOIN space ON space.oid = relnamespace
    WHERE relkind IN ('r', 'p', 'f', 'v', 'm', 'S')
      AND NOT (nspname = {history_schema} AND relname IN ({history}, {ledger}))
      AND NOT EXISTS (SELECT FROM from_extension WHERE classid = 'pg_class'::regclass AND objid = c.oid)
      AND c.oid NOT IN (SELECT oid FROM foreign_)
      AND NOT EXISTS (
          SELECT
          FROM pg_depend
          JOIN foreign_ ON foreign_.oid = refobjid
          WHERE relkind = 'S' AND classid = 'pg_class'::regclass AND objid = c.oid
            AND refclassid = 'pg_class'::regclass AND deptype IN ('a', 'i')
      )
),
-- An owned sequence hangs on a column; that of an identity column is a part of it.
sequence AS MATERIALIZED (
    SELECT s.oid, s.name, s.relpersistence, pg_sequence.*, refobjid AS tableid, refobjsubid AS attnum, deptype
    FROM relation AS s
    JOIN pg_sequence ON seqrelid = s.oid
    LEFT JOIN pg_depend ON classid = 'pg_class'::regclass AND objid = s.oid AND objsubid = 0
        AND refclassid = 'pg_class'::regclass AND deptype IN ('a', 'i')
    WHERE s.relkind = 'S'
),
attribute AS MATERIALIZED (
    SELECT a.*, r.relkind, r.kind, r.name AS relation, r.name || '.' || quote_ident(attname) AS name
    FROM relation AS r
    JOIN pg_attribute AS a ON attrelid = r.oid AND attnum > 0 AND NOT attisdropped
    WHERE r.relkind <> 'S'
),
-- What a partitioned or inherited table gives its children goes with it.
constraint_ AS MATERIALIZED (
    SELECT c.*, r.name AS relation, r.name || '.' || quote_ident(conname) AS name
    FROM relation AS r
    JOIN pg_constraint AS c ON conrelid = r.oid
    WHERE contype IN ('c', 'f', 'p', 'u', 'x') AND conparentid = 0 AND conislocal
),
index_ AS MATERIALIZED (
    SELECT i.oid, x.*, i.relkind, i.relname, i.reloptions, r.relname AS table_name, r.nspname,
        r.name || '.' || quote_ident(i.relname) AS name, con.oid AS constraint_id
    FROM relation AS r
    JOIN pg_index AS x ON indrelid = r.oid
    JOIN pg_class AS i ON i.oid = indexrelid
    LEFT JOIN pg_constraint AS con ON conindid = indexrelid AND conrelid = indrelid AND contype IN ('p', 'u', 'x')
    WHERE NOT i.relispartition
),
trigger_ AS MATERIALIZED (
    SELECT t.*, r.relname, r.nspname, r.name AS relation, r.name || '.' || quote_ident(tgname) AS name
    FROM relation AS r
    JOIN pg_trigger AS t ON tgrelid = r.oid
    WHERE NOT tgisinternal AND tgparentid = 0
),
rule_ AS MATERIALIZED (
    SELECT w.oid, w.rulename, w.ev_enabled, r.relname, r.nspname, r.name AS relation, r.name || '.' || quote_ident(rulename) AS name
    FROM relation AS r
    JOIN pg_rewrite AS w ON ev_class = r.oid
    WHERE rulename <> '_RETURN'
),
policy AS MATERIALIZED (
    SELECT p.*, r.name || '.' || quote_ident(polname) AS name
    FROM relation AS r
    JOIN pg_policy AS p ON polrelid = r.oid
),
statistics_ AS MATERIALIZED (
    SELECT s.oid, s.stxname, s.stxrelid, s.stxkeys, s.stxkind, s.stxowner, n.nspname,
        nullif(s.stxstattarget, -1) AS target, to_jsonb(s) ? 'stxexprs' AND to_jsonb(s) ->> 'stxexprs' IS NOT NULL AS has_expressions,
        r.name AS relation,
        r.name || '.' || CASE WHEN n.oid = r.relnamespace THEN '' ELSE quote_ident(nspname) || '.' END || quote_ident(stxname) AS name
    FROM (SELECT oid, name, relnamespace FROM relation) AS r
    JOIN pg_statistic_ext AS s ON stxrelid = r.oid
    JOIN pg_namespace AS n ON n.oid = stxnamespace
),
function_ AS MATERIALIZED (
    SELECT p.oid, prokind, proname, proowner, proacl, proargtypes, nspname,
        CASE prokind WHEN 'p' THEN 'procedure ' WHEN 'a' THEN 'aggregate ' ELSE 'function ' END AS kind,
        prefix || quote_ident(proname) || '(' || oidvectortypes(proargtypes) || ')' AS name
    FROM pg_proc AS p
    JOIN space ON space.oid = pronamespace
    WHERE NOT EXISTS (SELECT FROM from_extension WHERE classid = 'pg_proc'::regclass AND objid = p.oid)
      AND proname NOT IN (SELECT made FROM foreign_ JOIN (VALUES {foreign_functions}) AS by_tool (nth, made) USING (nth))
      -- The constructors of a range type come and go with it.
      AND NOT EXISTS (
          SELECT
          FROM pg_depend
          WHERE classid = 'pg_proc'::regclass AND objid = p.oid AND refclassid = 'pg_type'::regclass AND deptype = 'i'
      )
),
type_ AS MATERIALIZED (
    SELECT t.*, prefix || quote_ident(typname) AS name,
        CASE typtype WHEN 'e' THEN 'enum ' WHEN 'd' THEN 'domain ' WHEN 'r' THEN 'range ' ELSE 'type ' END AS kind
    FROM pg_type AS t
    JOIN space ON space.oid = typnamespace
    LEFT JOIN pg_class AS c ON c.oid = typrelid
    WHERE (typtype IN ('e', 'd', 'r') OR (typtype = 'b' AND typcategory <> 'A') OR relkind = 'c' OR NOT typisdefined)
      AND NOT EXISTS (SELECT FROM from_extension WHERE classid = 'pg_type'::regclass AND objid = t.oid)
),
event_trigger AS MATERIALIZED (
    SELECT e.*, quote_ident(evtname) AS name
    FROM pg_event_trigger AS e
    WHERE NOT EXISTS (SELECT FROM from_extension WHERE classid = 'pg_event_trigger'::regclass AND objid = e.oid)
),
guarded AS (
    SELECT kind || name AS subject, relowner AS owner, relacl AS acl,
        acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner) AS usual
    FROM relation
    UNION ALL
    SELECT 'column ' || a.name, relowner, attacl, NULL::aclitem[]
    FROM attribute AS a
    JOIN relation AS r ON r.oid = attrelid
    UNION ALL
    SELECT kind || name, proowner, proacl, acldefault('f', proowner)
    FROM function_
    UNION ALL
    SELECT kind || name, typowner, typacl, acldefault('T', typowner)
    FROM type_
    UNION ALL
    -- Before PostgreSQL 15 PUBLIC may also create in schema public of a new database.
    SELECT 'schema ' || quote_ident(nspname), nspowner, nspacl,
        acldefault('n', nspowner) || CASE
            WHEN nspname <> 'public' THEN NULL
            WHEN major < 15 THEN ARRAY[makeaclitem(0, nspowner, 'USAGE', false), makeaclitem(0, nspowner, 'CREATE', false)]
            ELSE ARRAY[makeaclitem(0, nspowner, 'USAGE', false)]
        END
    FROM space, the
    WHERE NOT EXISTS (SELECT FROM from_extension WHERE classid = 'pg_namespace'::regclass AND objid = space.oid)
    UNION ALL
    SELECT 'database', datdba, datacl, acldefault('d', datdba)
    FROM pg_database
    WHERE datname = current_database()
    UNION ALL
    -- Within a schema they are added to the usual ones, else they stand in place of them.
    SELECT concat_ws(
            ' ', 'default',
            CASE defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions' WHEN 'T' THEN 'types'
                WHEN 'n' THEN 'schemas' WHEN 'L' THEN 'large objects' ELSE defaclobjtype::text END,
            'in schema ' || quote_ident(nspname), 'by', role.name
        ), defaclrole, defaclacl,
        CASE WHEN defaclnamespace = 0 THEN acldefault(CASE defaclobjtype WHEN 'S' THEN 's' ELSE defaclobjtype END, defaclrole) END
    FROM pg_default_acl
    JOIN role ON role.oid = defaclrole
    LEFT JOIN space ON space.oid = defaclnamespace
    WHERE defaclnamespace = 0 OR nspname IS NOT NULL
),
-- Who granted it makes no difference to what somebody may do.
privilege AS (
    SELECT subject, guarded.owner, grantee, privilege_type, usual_one, bool_or(is_grantable) AND grantee <> guarded.owner AS grantable
    FROM (
        SELECT subject, owner, exploded.*, false AS usual_one FROM guarded, aclexplode(acl) AS exploded WHERE acl IS NOT NULL
        UNION ALL
        SELECT subject, owner, exploded.*, true FROM guarded, aclexplode(usual) AS exploded WHERE acl IS NOT NULL
    ) AS guarded
    GROUP BY subject, guarded.owner, grantee, privilege_type, usual_one
),
-- MAINTAIN is there from PostgreSQL 17 on: whoever owns the table or has been granted all has it there, and not before.
granted AS (
    SELECT subject, owner, grantee, usual_one,
        CASE
            WHEN grantee = owner OR count(*) FILTER (
                WHERE privilege_type IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER')
            ) = 7
                THEN string_agg(
                    privilege_type || CASE WHEN grantable THEN '*' ELSE '' END, ', ' ORDER BY privilege_type COLLATE "C"
                ) FILTER (WHERE privilege_type <> 'MAINTAIN')
            ELSE string_agg(privilege_type || CASE WHEN grantable THEN '*' ELSE '' END, ', ' ORDER BY privilege_type COLLATE "C")
        END AS list
    FROM privilege
    GROUP BY subject, owner, grantee, usual_one
),
described AS (
    SELECT 'pg_class'::regclass AS class, oid, 0 AS sub, kind || name AS subject FROM relation
    UNION ALL SELECT 'pg_class'::regclass, attrelid, attnum, 'column ' || name FROM attribute
    UNION ALL SELECT 'pg_class'::regclass, oid, 0, 'index ' || name FROM index_
    UNION ALL SELECT 'pg_constraint'::regclass, oid, 0, 'constraint ' || name FROM constraint_
    UNION ALL SELECT 'pg_constraint'::regclass, c.oid, 0, 'constraint ' || name || '.' || quote_ident(conname)
        FROM type_ JOIN pg_constraint AS c ON contypid = type_.oid
    UNION ALL SELECT 'pg_trigger'::regclass, oid, 0, 'trigger ' || name FROM trigger_
    UNION ALL SELECT 'pg_rewrite'::regclass, oid, 0, 'rule ' || name FROM rule_
    UNION ALL SELECT 'pg_policy'::regclass, oid, 0, 'policy ' || name FROM policy
    UNION ALL SELECT 'pg_statistic_ext'::regclass, oid, 0, 'statistics ' || name FROM statistics_
    UNION ALL SELECT 'pg_proc'::regclass, oid, 0, kind || name FROM function_
    UNION ALL SELECT 'pg_type'::regclass, oid, 0, kind || name FROM type_
    -- A comment on a composite type's attribute, and one on the type, which is on its relation or on itself.
    UNION ALL SELECT 'pg_class'::regclass, attrelid, attnum, 'column ' || name || '.' || quote_ident(attname)
        FROM type_ JOIN pg_attribute ON attrelid = typrelid AND attnum > 0
    UNION ALL SELECT 'pg_event_trigger'::regclass, oid, 0, 'event trigger ' || name FROM event_trigger
    UNION ALL SELECT 'pg_namespace'::regclass, oid, 0, 'schema ' || quote_ident(nspname) FROM space
)
SELECT '' AS object, CASE owner_name WHEN 'owner' THEN '"owner"' ELSE quote_ident(owner_name) END AS definition
FROM the
UNION ALL
SELECT ' comment on history', description
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = relnamespace
JOIN pg_description ON classoid = 'pg_class'::regclass AND objoid = c.oid AND objsubid = 0
WHERE relname = {history} AND nspname = {history_schema}
UNION ALL
SELECT ' database', role.name
FROM pg_database
JOIN role ON role.oid = datdba
CROSS JOIN the
WHERE datname = current_database() AND NOT pg_has_role(the.owner, datdba, 'USAGE')
UNION ALL
SELECT ' schema public', role.name
FROM space
JOIN role ON role.oid = nspowner
CROSS JOIN the
WHERE nspname = 'public' AND NOT pg_has_role(the.owner, nspowner, 'USAGE')
UNION ALL
SELECT 'schema ' || quote_ident(nspname), 'schema'
FROM space
WHERE nspname <> 'public'
  AND NOT EXISTS (SELECT FROM from_extension WHERE classid = 'pg_namespace'::regclass AND objid = space.oid)
UNION ALL
SELECT 'extension ' || quote_ident(extname), 'in schema ' || quote_ident(nspname)
FROM pg_extension
JOIN pg_namespace AS n ON n.oid = extnamespace
WHERE extname <> 'plpgsql'
UNION ALL
SELECT 'table ' || r.name, concat_ws(
        ' ', CASE relpersistence WHEN 'u' THEN 'unlogged' END, CASE relkind WHEN 'f' THEN 'foreign' END, 'table',
        'of ' || nullif(reloftype, 0)::regtype,
        CASE WHEN relispartition THEN 'partition of ' || parents || ' ' || pg_get_expr(relpartbound, r.oid)
            ELSE 'inherits (' || parents || ')' END,
        'partition by ' || CASE relkind WHEN 'p' THEN pg_get_partkeydef(r.oid) END,
        'using ' || nullif(quote_ident(amname), 'heap'),
        'with (' || (
            SELECT string_agg(option, ', ' ORDER BY option COLLATE "C")
            FROM (SELECT unnest(r.reloptions) UNION ALL SELECT 'toast.' || unnest(toast.reloptions)) AS options (option)
        ) || ')',
        'server ' || quote_ident(srvname),
        'options (' || (SELECT string_agg(option, ', ' ORDER BY option COLLATE "C") FROM unnest(ftoptions) AS option) || ')',
        CASE WHEN relrowsecurity THEN 'row level security' END,
        CASE WHEN relforcerowsecurity THEN 'forced row level security' END,
        CASE WHEN relkind <> 'f' THEN 'replica identity ' || CASE relreplident WHEN 'f' THEN 'full' WHEN 'n' THEN 'nothing' END END
    )
FROM (SELECT oid, name, relkind, relpersistence, reloftype, relispartition, relpartbound, relam, reloptions, reltoastrelid,
        relrowsecurity, relforcerowsecurity, relreplident FROM relation) AS r
LEFT JOIN pg_am ON pg_am.oid = relam
LEFT JOIN LATERAL (SELECT t.reloptions FROM pg_class AS t WHERE t.oid = reltoastrelid) AS toast ON true
LEFT JOIN pg_foreign_table ON ftrelid = r.oid
LEFT JOIN pg_foreign_server AS server ON server.oid = ftserver
LEFT JOIN (
    SELECT inhrelid, string_agg(inhparent::regclass::text, ', ' ORDER BY inhseqno) AS parents FROM pg_inherits GROUP BY inhrelid
) AS inherits ON inhrelid = r.oid
WHERE relkind IN ('r', 'p', 'f')
UNION ALL
SELECT kind || name, concat_ws(
        E'\n', 'with (' || (SELECT string_agg(option, ', ' ORDER BY option COLLATE "C") FROM unnest(reloptions) AS option) || ')',
        'using ' || nullif(quote_ident(amname), 'heap'), pg_get_viewdef(relation.oid)
    )
FROM relation
LEFT JOIN pg_am ON pg_am.oid = relam
WHERE relkind IN ('v', 'm')
UNION ALL
SELECT 'column ' || a.name, concat_ws(
        ' ', CASE WHEN relkind <> 'v' THEN format_type(atttypid, atttypmod) END,
        CASE WHEN attcollation <> typcollation THEN 'collate ' || attcollation::regcollation END,
        CASE WHEN attstorage <> typstorage AND relkind <> 'v' THEN 'storage ' || CASE attstorage
            WHEN 'p' THEN 'plain' WHEN 'm' THEN 'main' WHEN 'x' THEN 'extended' ELSE 'external' END END,
        'compression ' || CASE to_jsonb(a) ->> 'attcompression' WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END,
        'statistics ' || nullif(attstattarget, -1),
        'with (' || (SELECT string_agg(option, ', ' ORDER BY option COLLATE "C") FROM unnest(attoptions) AS option) || ')',
        'options (' || (SELECT string_agg(option, ', ' ORDER BY option COLLATE "C") FROM unnest(attfdwoptions) AS option) || ')',
        CASE WHEN attnotnull THEN 'not null' END,
        -- From PostgreSQL 18 on.
        CASE WHEN EXISTS (
            SELECT FROM pg_constraint WHERE conrelid = attrelid AND contype = 'n' AND conkey = ARRAY[a.attnum] AND NOT convalidated
        ) THEN 'not valid' END,
        CASE attidentity WHEN 'a' THEN 'generated always as identity' WHEN 'd' THEN 'generated by default as identity' END,
        -- What is not as the type has it.
        nullif(concat_ws(
            ' ', 'start ' || CASE WHEN seqstart <> CASE WHEN seqincrement > 0 THEN seqmin ELSE seqmax END THEN seqstart END,
            'increment ' || nullif(seqincrement, 1),
            'minvalue ' || nullif(seqmin, CASE WHEN seqincrement > 0 THEN 1 WHEN seqtypid = 'smallint'::regtype THEN -32768
                WHEN seqtypid = 'integer'::regtype THEN -2147483648 ELSE -9223372036854775808 END),
            'maxvalue ' || nullif(seqmax, CASE WHEN seqincrement < 0 THEN -1 WHEN seqtypid = 'smallint'::regtype THEN 32767
                WHEN seqtypid = 'integer'::regtype THEN 2147483647 ELSE 9223372036854775807 END),
            'cache ' || nullif(seqcache, 1), CASE WHEN seqcycle THEN 'cycle' END
        ), ''),
        CASE WHEN attgenerated = '' THEN 'default ' || pg_get_expr(adbin, adrelid)
            ELSE 'generated always as ' || pg_get_expr(adbin, adrelid) || CASE attgenerated WHEN 's' THEN ' stored' ELSE ' virtual' END END
    )
FROM attribute AS a
JOIN pg_type AS t ON t.oid = atttypid
LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = a.attnum
LEFT JOIN (SELECT * FROM sequence WHERE deptype = 'i') AS s ON s.tableid = attrelid AND s.attnum = a.attnum
-- Those of a view follow from its query.
WHERE relkind IN ('r', 'p', 'f') OR (relkind = 'v' AND atthasdef)
UNION ALL
SELECT 'constraint ' || c.name, concat_ws(
        ' ', pg_get_constraintdef(c.oid),
        'with (' || (SELECT string_agg(option, ', ' ORDER BY option COLLATE "C") FROM unnest(i.reloptions) AS option) || ')',
        CASE WHEN indisclustered THEN 'clustered' END,
        CASE WHEN indisreplident THEN 'replica identity' END,
        CASE WHEN NOT indisvalid THEN 'INVALID' END,
        -- As ALTER TABLE ... DISABLE TRIGGER ALL leaves them: a foreign key that is not looked at.
        'triggers disabled on ' || disabled
    )
FROM constraint_ AS c
LEFT JOIN index_ AS i ON i.constraint_id = c.oid
LEFT JOIN (
    SELECT tgconstraint, string_agg(DISTINCT tgrelid::regclass::text, ', ') AS disabled
    FROM pg_trigger
    WHERE tgisinternal AND tgenabled <> 'O'
    GROUP BY tgconstraint
) AS t ON tgconstraint = c.oid
UNION ALL
SELECT 'index ' || name, concat_ws(
        ' ', CASE WHEN indisunique THEN 'unique' END,
        substr(
            pg_get_indexdef(oid),
            length(concat_ws(
                ' ', 'CREATE', CASE WHEN indisunique THEN 'UNIQUE' END, 'INDEX', quote_ident(relname), 'ON',
                CASE relkind WHEN 'I' THEN 'ONLY' END, quote_ident(nspname) || '.' || quote_ident(table_name), 'USING '
            )) + 1
        ),
        CASE WHEN indisclustered THEN 'clustered' END,
        CASE WHEN indisreplident THEN 'replica identity' END,
        CASE WHEN NOT indisvalid THEN 'INVALID' END
    )
FROM index_
WHERE constraint_id IS NULL
UNION ALL
SELECT 'sequence ' || s.name, concat_ws(
        ' ', CASE WHEN relpersistence = 'u' AND deptype IS NULL THEN 'unlogged' END,
        format_type(seqtypid, NULL), 'start', seqstart, 'increment', seqincrement, 'minvalue', seqmin, 'maxvalue', seqmax,
        'cache', seqcache, CASE WHEN seqcycle THEN 'cycle' END, 'owned by ' || a.name
    )
FROM sequence AS s
LEFT JOIN attribute AS a ON a.attrelid = tableid AND a.attnum = s.attnum
WHERE deptype IS DISTINCT FROM 'i'
UNION ALL
SELECT 'enum ' || name, coalesce(string_agg(quote_literal(enumlabel), ', ' ORDER BY enumsortorder), 'no label')
FROM type_
LEFT JOIN pg_enum ON enumtypid = type_.oid
WHERE typtype = 'e'
GROUP BY name
UNION ALL
SELECT 'domain ' || name, concat_ws(
        ' ', format_type(typbasetype, typtypmod),
        CASE WHEN typcollation <> base THEN 'collate ' || typcollation::regcollation END,
        CASE WHEN typnotnull THEN 'not null' END, 'default ' || pg_get_expr(typdefaultbin, 0),
        (
            SELECT string_agg('constraint ' || quote_ident(conname) || ' ' || pg_get_constraintdef(c.oid), ' ' ORDER BY conname)
            FROM pg_constraint AS c
            WHERE contypid = type_.oid AND contype = 'c'
        )
    )
FROM type_
JOIN LATERAL (SELECT b.typcollation AS base FROM pg_type AS b WHERE b.oid = type_.typbasetype) AS base ON true
WHERE typtype = 'd'
UNION ALL
SELECT 'range ' || name, concat_ws(
        ' ', 'of', format_type(rngsubtype, NULL),
        CASE WHEN NOT opcdefault THEN 'subtype_opclass ' || opcname END,
        CASE WHEN rngcollation <> s.typcollation THEN 'collate ' || rngcollation::regcollation END,
        'canonical ' || nullif(rngcanonical, 0)::regproc, 'subtype_diff ' || nullif(rngsubdiff, 0)::regproc
    )
FROM (SELECT oid, name FROM type_ WHERE typtype = 'r') AS r
JOIN pg_range ON rngtypid = r.oid
JOIN pg_type AS s ON s.oid = rngsubtype
JOIN pg_opclass AS o ON o.oid = rngsubopc
UNION ALL
-- Here the order is a part of the type: it decides what ROW(...) means.
SELECT 'type ' || name, CASE
        WHEN NOT typisdefined THEN 'shell'
        WHEN typtype = 'b' THEN concat_ws(' ', 'base, input', typinput, 'output', typoutput)
        ELSE '(' || coalesce((
            SELECT string_agg(concat_ws(
                    ' ', quote_ident(attname), format_type(atttypid, atttypmod),
                    CASE WHEN attcollation <> a_type.typcollation THEN 'collate ' || attcollation::regcollation END
                ), ', ' ORDER BY attnum)
            FROM pg_attribute
            JOIN pg_type AS a_type ON a_type.oid = atttypid
            WHERE attrelid = type_.typrelid AND attnum > 0 AND NOT attisdropped
        ), '') || ')'
    END
FROM type_
WHERE typtype NOT IN ('e', 'd', 'r')
UNION ALL
-- From the arguments on; name and kind are the object's.
SELECT kind || name, rtrim(substr(
        pg_get_functiondef(oid),
        length(concat(
            'CREATE OR REPLACE ', CASE prokind WHEN 'p' THEN 'PROCEDURE ' ELSE 'FUNCTION ' END,
            quote_ident(nspname), '.', quote_ident(proname)
        )) + 1
    ), E'\n')
FROM function_
WHERE prokind <> 'a'
UNION ALL
SELECT f.kind || f.name, concat_ws(
        ' ', '(' || pg_get_function_arguments(f.oid) || ')', 'returns', pg_get_function_result(f.oid),
        CASE aggkind WHEN 'o' THEN 'ordered set' WHEN 'h' THEN 'hypothetical set' END,
        'sfunc', aggtransfn, 'stype', format_type(aggtranstype, NULL), 'sspace ' || nullif(aggtransspace, 0),
        'finalfunc ' || nullif(aggfinalfn, 0)::regproc, CASE WHEN aggfinalextra THEN 'finalfunc_extra' END,
        'finalfunc_modify ' || CASE WHEN aggfinalfn <> 0 THEN aggfinalmodify::text END,
        'combinefunc ' || nullif(aggcombinefn, 0)::regproc, 'serialfunc ' || nullif(aggserialfn, 0)::regproc,
        'deserialfunc ' || nullif(aggdeserialfn, 0)::regproc, 'initcond ' || quote_literal(agginitval),
        'msfunc ' || nullif(aggmtransfn, 0)::regproc, 'minvfunc ' || nullif(aggminvtransfn, 0)::regproc,
        'mstype ' || CASE WHEN aggmtranstype <> 0 THEN format_type(aggmtranstype, NULL) END,
        'msspace ' || nullif(aggmtransspace, 0), 'mfinalfunc ' || nullif(aggmfinalfn, 0)::regproc,
        CASE WHEN aggmfinalextra THEN 'mfinalfunc_extra' END,
        'mfinalfunc_modify ' || CASE WHEN aggmfinalfn <> 0 THEN aggmfinalmodify::text END,
        'minitcond ' || quote_literal(aggminitval), 'sortop ' || nullif(aggsortop, 0)::regoperator,
        CASE proparallel WHEN 's' THEN 'parallel safe' WHEN 'r' THEN 'parallel restricted' END
    )
FROM function_ AS f
JOIN pg_aggregate ON aggfnoid = f.oid
JOIN pg_proc AS p ON p.oid = f.oid
UNION ALL
SELECT 'trigger ' || name, concat_ws(
        ' ', CASE WHEN tgconstraint <> 0 THEN 'constraint' END,
        replace(
            substr(
                pg_get_triggerdef(oid),
                length(concat('CREATE ', CASE WHEN tgconstraint <> 0 THEN 'CONSTRAINT ' END, 'TRIGGER ', quote_ident(tgname), ' ')) + 1
            ),
            ' ON ' || quote_ident(nspname) || '.' || quote_ident(relname) || ' ', ' ON ' || relation || ' '
        ),
        CASE tgenabled WHEN 'D' THEN 'DISABLED' WHEN 'R' THEN 'enabled replica' WHEN 'A' THEN 'enabled always' END
    )
FROM trigger_
UNION ALL
SELECT 'rule ' || name, concat_ws(
        ' ', ltrim(replace(
            substr(pg_get_ruledef(oid), length('CREATE RULE ' || quote_ident(rulename) || ' AS') + 1),
            ' TO ' || quote_ident(nspname) || '.' || quote_ident(relname) || ' ', ' TO ' || relation || ' '
        ), E' \n'),
        CASE ev_enabled WHEN 'D' THEN 'DISABLED' WHEN 'R' THEN 'enabled replica' WHEN 'A' THEN 'enabled always' END
    )
FROM rule_
UNION ALL
SELECT 'policy ' || policy.name, concat_ws(
        ' ', CASE WHEN NOT polpermissive THEN 'restrictive' END,
        'for', CASE polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
        'to', roles, 'using (' || pg_get_expr(polqual, polrelid) || ')', 'with check (' || pg_get_expr(polwithcheck, polrelid) || ')'
    )
FROM policy
JOIN LATERAL (
    SELECT string_agg(role.name, ', ' ORDER BY role.name COLLATE "C") AS roles FROM role WHERE role.oid = ANY (polroles)
) AS roles ON true
UNION ALL
SELECT 'statistics ' || s.name, concat_ws(
        ' ', CASE
            WHEN has_expressions
                THEN substr(pg_get_statisticsobjdef(oid), length(concat('CREATE STATISTICS ', quote_ident(nspname), '.', quote_ident(stxname), ' ')) + 1)
            ELSE concat_ws(
                ' ', '(' || (
                    SELECT string_agg(CASE kind WHEN 'd' THEN 'ndistinct' WHEN 'f' THEN 'dependencies' ELSE 'mcv' END, ', ' ORDER BY kind)
                    FROM unnest(stxkind) AS kind
                ) || ')',
                'on', (
                    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attname COLLATE "C")
                    FROM pg_attribute
                    WHERE attrelid = stxrelid AND attnum = ANY (stxkeys::smallint[])
                )
            )
        END,
        'statistics ' || target
    )
FROM statistics_ AS s
UNION ALL
SELECT 'event trigger ' || name, concat_ws(
        ' ', 'on', evtevent, 'when tag in (' || array_to_string(evttags, ', ') || ')', 'execute function', evtfoid::regproc,
        CASE evtenabled WHEN 'D' THEN 'DISABLED' WHEN 'R' THEN 'enabled replica' WHEN 'A' THEN 'enabled always' END
    )
FROM event_trigger
UNION ALL
SELECT concat(CASE WHEN subject LIKE 'default %' THEN regexp_replace(subject, '^default', 'default privileges on')
            ELSE 'privileges on ' || subject END, ' for ', role.name), coalesce(list, 'none')
FROM (
    SELECT subject, owner, grantee, max(list) FILTER (WHERE NOT usual_one) AS list, max(list) FILTER (WHERE usual_one) AS usual
    FROM granted
    GROUP BY subject, owner, grantee
) AS granted
JOIN role ON role.oid = grantee
CROSS JOIN the
WHERE list IS DISTINCT FROM usual
  -- As a new database has it from PostgreSQL 15 on.
  AND NOT (subject = 'schema public' AND grantee = 0 AND list IS NOT DISTINCT FROM 'USAGE')
  -- Database and schema public are made by others, who give the owner what he needs, by grants or as his own.
  AND NOT (subject IN ('database', 'schema public') AND (grantee IN (granted.owner, the.owner) OR role.name = 'pg_database_owner'))
  -- What somebody makes is his, and no default privilege is needed.
  AND NOT (subject LIKE 'default % in schema %' AND grantee = granted.owner)
UNION ALL
SELECT 'comment on ' || subject, description
FROM described AS d
JOIN pg_description ON classoid = class AND objoid = d.oid AND objsubid = sub
WHERE NOT (subject = 'schema public' AND description = 'standard public schema')
UNION ALL
SELECT 'comment on database', description
FROM pg_database AS d
JOIN pg_shdescription ON classoid = 'pg_database'::regclass AND objoid = d.oid
WHERE datname = current_database()
UNION ALL
SELECT 'owner of ' || subject, role.name
FROM (
    -- A sequence that a column owns goes with its table.
    SELECT kind || name AS subject, relowner AS owner
    FROM relation
    WHERE NOT EXISTS (SELECT FROM sequence WHERE sequence.oid = relation.oid AND deptype IS NOT NULL)
    UNION ALL SELECT kind || name, proowner FROM function_
    UNION ALL SELECT kind || name, typowner FROM type_
    UNION ALL SELECT 'statistics ' || name, stxowner FROM statistics_
    UNION ALL SELECT 'event trigger ' || name, evtowner FROM event_trigger
    UNION ALL SELECT 'schema ' || quote_ident(nspname), nspowner FROM space
        WHERE nspname <> 'public' AND NOT EXISTS (SELECT FROM from_extension WHERE classid = 'pg_namespace'::regclass AND objid = space.oid)
) AS owned
CROSS JOIN the
JOIN role ON role.oid = owned.owner
WHERE owned.owner <> the.owner
