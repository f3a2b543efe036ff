-- What is read, before it is printed: the objects of the scope, without those of the system and of extensions.
--
-- Parsed while search_path is pg_catalog, so that no function of the database's own can be meant, and executed while it
-- is public, so that what is in public is printed without a schema. The placeholders: {spaces} is a condition on
-- pg_namespace; {history_schema}, {history} and {ledger} are literals; {owner} is the name of a role as a literal, or
-- NULL; {foreign} is a query for the tables of other tools and {foreign_functions} their functions, by the number of the
-- tool; {..._options} are lists of literals, {privileges} rows of kind and privilege: see known.rs.
--
-- A column that older majors do not have is read as in `attribute` below: where pg_attribute has no attcompression, the
-- name means that of the subquery before it, which is NULL.
--
-- No step may compare each row of one set with each row of another: a schema may have 10,000 tables.
WITH space AS MATERIALIZED (
    SELECT oid, nspname, nspowner, nspacl, CASE nspname WHEN 'public' THEN '' ELSE quote_ident(nspname) || '.' END AS prefix
    FROM pg_namespace
    WHERE {spaces}
),
-- Who owns the history made the schema. Where there is no history yet, the role that asks will, unless another is named.
the AS MATERIALIZED (
    SELECT oid AS owner, rolname AS owner_name, current_setting('server_version_num')::integer / 10000 AS major
    FROM pg_roles
    WHERE oid = coalesce(
        (SELECT r.oid FROM pg_roles AS r WHERE CASE r.rolname WHEN 'owner' THEN '"owner"' ELSE quote_ident(r.rolname) END = {owner}),
        (
            SELECT c.relowner
            FROM pg_class AS c
            JOIN pg_namespace AS n ON n.oid = c.relnamespace
            WHERE c.relname = {history} AND n.nspname = {history_schema}
        ),
        (SELECT r.oid FROM pg_roles AS r WHERE r.rolname = current_user)
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
    SELECT c.oid, c.relname, c.relnamespace, c.relkind, c.relowner, c.relacl, c.reloptions, c.relpersistence, c.reloftype,
        c.relispartition, c.relpartbound, c.relam, c.reltoastrelid, c.relrowsecurity, c.relforcerowsecurity, c.relreplident,
        nspname, prefix || quote_ident(relname) AS name,
        CASE relkind WHEN 'v' THEN 'view ' WHEN 'm' THEN 'materialized view ' WHEN 'S' THEN 'sequence ' ELSE 'table ' END
            AS kind
    FROM pg_class AS c
    JOIN space ON space.oid = relnamespace
    WHERE relkind IN ('r', 'p', 'f', 'v', 'm', 'S')
      AND NOT (nspname = {history_schema} AND relname IN ({history}, {ledger}))
      AND NOT EXISTS (SELECT FROM from_extension WHERE classid = 'pg_class'::regclass AND objid = c.oid)
      AND NOT EXISTS (SELECT FROM foreign_ WHERE foreign_.oid = c.oid)
      AND NOT EXISTS (
          SELECT
          FROM pg_depend
          JOIN foreign_ ON foreign_.oid = refobjid
          WHERE relkind = 'S' AND classid = 'pg_class'::regclass AND objid = c.oid
            AND refclassid = 'pg_class'::regclass AND deptype IN ('a', 'i')
      )
),
-- A partition that a program makes at run time is its own affair; one that a migration made is sealed.
inherits AS MATERIALIZED (
    SELECT i.inhrelid, string_agg(i.inhparent::regclass::text, ', ' ORDER BY i.inhseqno) AS parents,
        bool_or(p.oid IS NOT NULL) AS has_parent_in_scope
    FROM pg_inherits AS i
    JOIN relation AS r ON r.oid = i.inhrelid
    LEFT JOIN relation AS p ON p.oid = i.inhparent
    GROUP BY i.inhrelid
),
attribute AS MATERIALIZED (
    SELECT a.attrelid, a.attnum, a.attname, a.atttypid, a.atttypmod, a.attcollation, a.attstorage, a.attstattarget,
        a.attoptions, a.attfdwoptions, a.attnotnull, a.attidentity, a.attgenerated, a.atthasdef, a.attacl, a.compression,
        r.relkind, r.relispartition, r.relowner, r.kind, r.name AS relation, r.name || '.' || quote_ident(a.attname) AS name
    FROM relation AS r
    JOIN (
        SELECT a.*
        FROM (SELECT NULL::"char" AS attcompression) AS before_14
        CROSS JOIN LATERAL (
            SELECT attrelid, attnum, attname, atttypid, atttypmod, attcollation, attstorage, attstattarget, attoptions,
                attfdwoptions, attnotnull, attidentity, attgenerated, atthasdef, attacl, attcompression AS compression
            FROM pg_attribute
            WHERE attnum > 0 AND NOT attisdropped
        ) AS a
    ) AS a ON a.attrelid = r.oid
    WHERE r.relkind <> 'S'
),
-- An owned sequence hangs on a column; that of an identity column is a part of it.
sequence AS MATERIALIZED (
    SELECT s.oid, s.relpersistence, s.relowner, s.relacl, pg_sequence.*, d.refobjid AS tableid, d.refobjsubid AS attnum, d.deptype,
        a.name AS column_name,
        -- From PostgreSQL 15 on that of an unlogged table is unlogged as well, and before none is.
        CASE
            WHEN s.relpersistence = 'u' AND t.relpersistence IS DISTINCT FROM 'u' THEN 'unlogged'
            WHEN s.relpersistence <> 'u' AND t.relpersistence = 'u' AND the.major >= 15 THEN 'logged'
        END AS unusual_persistence,
        CASE WHEN d.deptype = 'i' THEN 'sequence of column ' || a.name ELSE s.kind || s.name END AS subject
    FROM relation AS s
    JOIN pg_sequence ON seqrelid = s.oid
    LEFT JOIN pg_depend AS d ON d.classid = 'pg_class'::regclass AND d.objid = s.oid AND d.objsubid = 0
        AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
    LEFT JOIN attribute AS a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
    LEFT JOIN relation AS t ON t.oid = d.refobjid
    CROSS JOIN the
    WHERE s.relkind = 'S'
),
-- What a partitioned or inherited table gives its children goes with it.
constraint_ AS MATERIALIZED (
    SELECT c.*, r.name AS relation, r.name || '.' || quote_ident(conname) AS name
    FROM relation AS r
    JOIN pg_constraint AS c ON conrelid = r.oid
    WHERE contype IN ('c', 'f', 'p', 'u', 'x') AND conparentid = 0 AND conislocal
),
-- A constraint that is not looked at, as ALTER TABLE ... DISABLE TRIGGER ALL leaves it, perhaps on one partition alone.
unwatched AS (
    WITH RECURSIVE climb AS (
        SELECT tgconstraint AS id, tgrelid AS relid
        FROM pg_trigger
        WHERE tgisinternal AND tgenabled <> 'O' AND tgconstraint <> 0
        UNION
        SELECT c.conparentid, climb.relid
        FROM climb
        JOIN pg_constraint AS c ON c.oid = climb.id
        WHERE c.conparentid <> 0
    )
    SELECT id, string_agg(relid::regclass::text, ', ' ORDER BY relid::regclass::text COLLATE "C") AS disabled
    FROM climb
    GROUP BY id
),
index_ AS MATERIALIZED (
    SELECT i.oid, x.indrelid, x.indisunique, x.indisclustered, x.indisreplident, x.indisvalid,
        i.relkind, i.relname, i.reloptions, i.relispartition, i.relam, r.relname AS table_name, r.nspname,
        r.name || '.' || quote_ident(i.relname) AS name, con.oid AS constraint_id
    FROM relation AS r
    JOIN pg_index AS x ON indrelid = r.oid
    JOIN pg_class AS i ON i.oid = indexrelid
    LEFT JOIN pg_constraint AS con ON conindid = indexrelid AND conrelid = indrelid AND contype IN ('p', 'u', 'x')
),
-- The tables of which somebody builds an index without keeping writers away. The view hides what another role builds, but
-- not that it does, and locks are for everybody to see.
building AS MATERIALIZED (
    SELECT DISTINCT l.relation
    FROM pg_locks AS l
    JOIN pg_stat_progress_create_index AS p ON p.pid = l.pid
    WHERE l.locktype = 'relation' AND l.mode = 'ShareUpdateExclusiveLock'
      AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
),
trigger_ AS MATERIALIZED (
    SELECT t.*, r.relname, r.nspname, r.name AS relation, r.name || '.' || quote_ident(tgname) AS name
    FROM relation AS r
    JOIN pg_trigger AS t ON tgrelid = r.oid
    LEFT JOIN pg_constraint AS con ON con.oid = tgconstraint
    -- Before PostgreSQL 15 what a partition has from its table is internal, as are the triggers of foreign keys.
    WHERE NOT tgisinternal OR (tgparentid <> 0 AND coalesce(contype, 't') = 't')
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
        nullif(s.stxstattarget, -1) AS target, s.has_expressions, r.name AS relation,
        r.name || '.' || CASE WHEN n.oid = r.relnamespace THEN '' ELSE quote_ident(n.nspname) || '.' END || quote_ident(stxname) AS name
    FROM (
        SELECT s.*
        FROM (SELECT NULL::pg_node_tree AS stxexprs) AS before_14
        CROSS JOIN LATERAL (
            SELECT oid, stxname, stxrelid, stxnamespace, stxkeys, stxkind, stxowner, stxstattarget,
                stxexprs IS NOT NULL AS has_expressions
            FROM pg_statistic_ext
        ) AS s
    ) AS s
    JOIN relation AS r ON stxrelid = r.oid
    JOIN pg_namespace AS n ON n.oid = stxnamespace
),
function_ AS MATERIALIZED (
    SELECT p.oid, prokind, proname, proowner, proacl, proargtypes, proconfig, nspname,
        CASE prokind WHEN 'p' THEN 'procedure ' WHEN 'a' THEN 'aggregate ' ELSE 'function ' END AS kind,
        prefix || quote_ident(proname) || '(' || oidvectortypes(proargtypes) || ')' AS name
    FROM pg_proc AS p
    JOIN space ON space.oid = pronamespace
    WHERE prokind IN ('f', 'p', 'a', 'w')
      AND NOT EXISTS (SELECT FROM from_extension WHERE classid = 'pg_proc'::regclass AND objid = p.oid)
      AND proname NOT IN (SELECT made FROM foreign_ JOIN (VALUES {foreign_functions}) AS by_tool (nth, made) USING (nth))
      -- The constructors of a range type come and go with it.
      AND NOT EXISTS (
          SELECT
          FROM pg_depend
          WHERE classid = 'pg_proc'::regclass AND objid = p.oid AND refclassid = 'pg_type'::regclass AND deptype = 'i'
      )
),
-- All types of the scope: also those of tables, on which casts and transforms may hang.
any_type AS MATERIALIZED (
    SELECT t.oid, prefix || quote_ident(typname) AS name
    FROM pg_type AS t
    JOIN space ON space.oid = typnamespace
    WHERE NOT EXISTS (SELECT FROM from_extension WHERE classid = 'pg_type'::regclass AND objid = t.oid)
),
type_ AS MATERIALIZED (
    SELECT t.*, any_type.name,
        CASE typtype WHEN 'e' THEN 'enum ' WHEN 'd' THEN 'domain ' WHEN 'r' THEN 'range ' ELSE 'type ' END AS kind
    FROM pg_type AS t
    JOIN any_type ON any_type.oid = t.oid
    LEFT JOIN pg_class AS c ON c.oid = typrelid
    WHERE typtype IN ('e', 'd', 'r') OR (typtype = 'b' AND typcategory <> 'A') OR relkind = 'c' OR NOT typisdefined
),
event_trigger AS MATERIALIZED (
    SELECT e.*, quote_ident(evtname) AS name
    FROM pg_event_trigger AS e
    WHERE NOT EXISTS (SELECT FROM from_extension WHERE classid = 'pg_event_trigger'::regclass AND objid = e.oid)
),
-- Objects that PostgreSQL knows of beside tables, types and functions. `note` is 'shared' where they belong to no schema
-- and hang on nothing in one of ours: those count where a migration makes them.
other AS MATERIALIZED (
    SELECT 'pg_operator'::regclass AS class, o.oid, oprowner AS owner, NULL::aclitem[] AS acl, NULL::aclitem[] AS usual,
        concat('operator ', prefix, oprname, '(', coalesce(nullif(oprleft, 0)::regtype::text, 'NONE'), ', ',
            coalesce(nullif(oprright, 0)::regtype::text, 'NONE'), ')') AS subject,
        CASE oprcode WHEN 0 THEN 'shell' ELSE concat_ws(
            ' ', 'function', oprcode::regproc, 'commutator ' || nullif(oprcom, 0)::regoperator, 'negator ' || nullif(oprnegate, 0)::regoperator,
            'restrict ' || nullif(oprrest, 0)::regproc, 'join ' || nullif(oprjoin, 0)::regproc,
            CASE WHEN oprcanhash THEN 'hashes' END, CASE WHEN oprcanmerge THEN 'merges' END
        ) END AS definition, NULL AS note
    FROM pg_operator AS o
    JOIN space ON space.oid = oprnamespace
    UNION ALL
    SELECT 'pg_opfamily'::regclass, f.oid, opfowner, NULL, NULL,
        concat('operator family ', prefix, quote_ident(opfname), ' using ', quote_ident(amname)),
        (
            SELECT coalesce(string_agg(member, ', ' ORDER BY member COLLATE "C"), 'empty')
            FROM (
                SELECT concat_ws(' ', 'operator', amopstrategy, amopopr::regoperator, 'for order by ' || CASE WHEN amopsortfamily <> 0 THEN (
                        SELECT quote_ident(s.opfname) FROM pg_opfamily AS s WHERE s.oid = amopsortfamily
                    ) END)
                FROM pg_amop
                WHERE amopfamily = f.oid
                UNION ALL
                SELECT concat('function ', amprocnum, ' (', amproclefttype::regtype, ', ', amprocrighttype::regtype, ') ', amproc::regprocedure)
                FROM pg_amproc
                WHERE amprocfamily = f.oid
            ) AS members (member)
        ), NULL
    FROM pg_opfamily AS f
    JOIN space ON space.oid = opfnamespace
    JOIN pg_am ON pg_am.oid = opfmethod
    UNION ALL
    SELECT 'pg_opclass'::regclass, o.oid, opcowner, NULL, NULL,
        concat('operator class ', prefix, quote_ident(opcname), ' using ', quote_ident(amname)),
        concat_ws(
            ' ', CASE WHEN opcdefault THEN 'default' END, 'for type', opcintype::regtype,
            'family', CASE fs.nspname WHEN 'public' THEN '' ELSE quote_ident(fs.nspname) || '.' END || quote_ident(opfname),
            'storage ' || nullif(opckeytype, 0)::regtype
        ), NULL
    FROM pg_opclass AS o
    JOIN space ON space.oid = opcnamespace
    JOIN pg_am ON pg_am.oid = opcmethod
    JOIN pg_opfamily ON pg_opfamily.oid = opcfamily
    JOIN pg_namespace AS fs ON fs.oid = opfnamespace
    UNION ALL
    -- Where the locale is kept depends on the major.
    SELECT 'pg_collation'::regclass, c.oid, c.collowner, NULL, NULL, 'collation ' || prefix || quote_ident(c.collname),
        concat_ws(
            ' ', CASE c.collprovider WHEN 'i' THEN 'icu' WHEN 'c' THEN 'libc' WHEN 'b' THEN 'builtin' ELSE c.collprovider::text END,
            'locale ' || quote_literal(CASE WHEN c.collprovider <> 'c' THEN coalesce(c.locale, c.icu_locale, c.collcollate) END),
            'lc_collate ' || quote_literal(CASE c.collprovider WHEN 'c' THEN c.collcollate END),
            'lc_ctype ' || quote_literal(CASE c.collprovider WHEN 'c' THEN c.collctype END),
            'rules ' || quote_literal(c.rules), CASE WHEN NOT c.collisdeterministic THEN 'not deterministic' END
        ), NULL
    FROM (
        SELECT c.*
        FROM (SELECT NULL::text AS colliculocale, NULL::text AS colllocale, NULL::text AS collicurules) AS other_majors
        CROSS JOIN LATERAL (
            SELECT oid, collname, collnamespace, collowner, collprovider, collisdeterministic, collcollate, collctype,
                colliculocale AS icu_locale, colllocale AS locale, collicurules AS rules
            FROM pg_collation
        ) AS c
    ) AS c
    JOIN space ON space.oid = c.collnamespace
    UNION ALL
    SELECT 'pg_conversion'::regclass, c.oid, conowner, NULL, NULL, 'conversion ' || prefix || quote_ident(conname),
        concat_ws(
            ' ', CASE WHEN condefault THEN 'default' END, 'from', pg_encoding_to_char(conforencoding), 'to',
            pg_encoding_to_char(contoencoding), 'function', conproc::regproc
        ), NULL
    FROM pg_conversion AS c
    JOIN space ON space.oid = connamespace
    UNION ALL
    SELECT 'pg_ts_parser'::regclass, p.oid, NULL, NULL, NULL, 'text search parser ' || prefix || quote_ident(prsname),
        concat_ws(
            ' ', 'start', prsstart::regproc, 'gettoken', prstoken::regproc, 'end', prsend::regproc, 'lextypes', prslextype::regproc,
            'headline ' || nullif(prsheadline::oid, 0)::regproc
        ), NULL
    FROM pg_ts_parser AS p
    JOIN space ON space.oid = prsnamespace
    UNION ALL
    SELECT 'pg_ts_template'::regclass, t.oid, NULL, NULL, NULL, 'text search template ' || prefix || quote_ident(tmplname),
        concat_ws(' ', 'init ' || nullif(tmplinit::oid, 0)::regproc, 'lexize', tmpllexize::regproc), NULL
    FROM pg_ts_template AS t
    JOIN space ON space.oid = tmplnamespace
    UNION ALL
    SELECT 'pg_ts_dict'::regclass, d.oid, dictowner, NULL, NULL, 'text search dictionary ' || prefix || quote_ident(dictname),
        concat('template ', CASE WHEN ts.nspname NOT IN ('public', 'pg_catalog') THEN quote_ident(ts.nspname) || '.' END,
            quote_ident(tmplname), ', ' || dictinitoption), NULL
    FROM pg_ts_dict AS d
    JOIN space ON space.oid = dictnamespace
    JOIN pg_ts_template AS t ON t.oid = dicttemplate
    JOIN pg_namespace AS ts ON ts.oid = tmplnamespace
    UNION ALL
    SELECT 'pg_ts_config'::regclass, c.oid, cfgowner, NULL, NULL, 'text search configuration ' || prefix || quote_ident(cfgname),
        concat_ws(
            E'\n', concat('parser ', CASE WHEN ps.nspname NOT IN ('public', 'pg_catalog') THEN quote_ident(ps.nspname) || '.' END,
                quote_ident(prsname)),
            (
                SELECT string_agg(alias || ': ' || dictionaries, E'\n' ORDER BY alias COLLATE "C")
                FROM (
                    SELECT alias, string_agg(mapdict::regdictionary::text, ', ' ORDER BY mapseqno) AS dictionaries
                    FROM pg_ts_config_map
                    JOIN ts_token_type(cfgparser) AS token ON tokid = maptokentype
                    WHERE mapcfg = c.oid
                    GROUP BY alias
                ) AS mapping
            )
        ), NULL
    FROM pg_ts_config AS c
    JOIN space ON space.oid = cfgnamespace
    JOIN pg_ts_parser AS p ON p.oid = cfgparser
    JOIN pg_namespace AS ps ON ps.oid = prsnamespace
    UNION ALL
    SELECT 'pg_cast'::regclass, c.oid, NULL, NULL, NULL,
        format('cast (%s as %s)', castsource::regtype, casttarget::regtype),
        concat_ws(
            ' ', CASE castmethod WHEN 'f' THEN 'with function ' || castfunc::regprocedure WHEN 'i' THEN 'with inout' ELSE 'without function' END,
            CASE castcontext WHEN 'i' THEN 'as implicit' WHEN 'a' THEN 'as assignment' END
        ),
        CASE WHEN s.oid IS NULL AND t.oid IS NULL AND f.oid IS NULL THEN 'shared' END
    FROM pg_cast AS c
    LEFT JOIN any_type AS s ON s.oid = castsource
    LEFT JOIN any_type AS t ON t.oid = casttarget
    LEFT JOIN function_ AS f ON f.oid = castfunc
    -- Those of a range type come and go with it.
    WHERE c.oid >= 16384
      AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_cast'::regclass AND objid = c.oid AND deptype = 'i')
    UNION ALL
    SELECT 'pg_transform'::regclass, t.oid, NULL, NULL, NULL,
        format('transform for %s language %I', trftype::regtype, lanname),
        concat_ws(' ', 'from sql ' || nullif(trffromsql::oid, 0)::regprocedure, 'to sql ' || nullif(trftosql::oid, 0)::regprocedure),
        CASE WHEN a.oid IS NULL AND f.oid IS NULL THEN 'shared' END
    FROM pg_transform AS t
    JOIN pg_language AS l ON l.oid = trflang
    LEFT JOIN any_type AS a ON a.oid = trftype
    LEFT JOIN function_ AS f ON f.oid IN (trffromsql::oid, trftosql::oid)
    UNION ALL
    SELECT 'pg_language'::regclass, l.oid, lanowner, lanacl, acldefault('l', lanowner), 'language ' || quote_ident(lanname),
        concat_ws(
            ' ', CASE WHEN lanpltrusted THEN 'trusted' END, 'handler', lanplcallfoid::regproc, 'inline ' || nullif(laninline, 0)::regproc,
            'validator ' || nullif(lanvalidator, 0)::regproc
        ),
        CASE WHEN f.oid IS NULL THEN 'shared' END
    FROM pg_language AS l
    LEFT JOIN function_ AS f ON f.oid = lanplcallfoid
    WHERE l.oid >= 16384
    UNION ALL
    SELECT 'pg_am'::regclass, a.oid, NULL, NULL, NULL, 'access method ' || quote_ident(amname),
        concat_ws(' ', CASE amtype WHEN 'i' THEN 'index' WHEN 't' THEN 'table' ELSE amtype::text END, 'handler', amhandler),
        CASE WHEN f.oid IS NULL THEN 'shared' END
    FROM pg_am AS a
    LEFT JOIN function_ AS f ON f.oid = amhandler::oid
    WHERE a.oid >= 16384
    UNION ALL
    SELECT 'pg_foreign_data_wrapper'::regclass, w.oid, fdwowner, fdwacl, acldefault('F', fdwowner),
        'foreign data wrapper ' || quote_ident(fdwname),
        coalesce(nullif(concat_ws(
            ' ', 'handler ' || nullif(fdwhandler, 0)::regproc, 'validator ' || nullif(fdwvalidator, 0)::regproc,
            'options (' || (SELECT string_agg(option, ', ' ORDER BY option COLLATE "C") FROM unnest(fdwoptions) AS option) || ')'
        ), ''), 'without handler'), 'shared'
    FROM (
        SELECT w.*
        FROM (SELECT 0::oid AS fdwconnection) AS before_19
        CROSS JOIN LATERAL (
            SELECT oid, fdwname, fdwowner, fdwacl, fdwhandler, fdwvalidator, fdwoptions, fdwconnection AS connection
            FROM pg_foreign_data_wrapper
        ) AS w
    ) AS w
    UNION ALL
    SELECT 'pg_foreign_server'::regclass, s.oid, srvowner, srvacl, acldefault('S', srvowner), 'server ' || quote_ident(srvname),
        concat_ws(
            ' ', 'wrapper', quote_ident(fdwname), 'type ' || quote_literal(srvtype), 'version ' || quote_literal(srvversion),
            'options (' || (SELECT string_agg(option, ', ' ORDER BY option COLLATE "C") FROM unnest(srvoptions) AS option) || ')'
        ), 'shared'
    FROM pg_foreign_server AS s
    JOIN pg_foreign_data_wrapper AS w ON w.oid = srvfdw
    UNION ALL
    -- Its options hold a password, and only some roles may see them.
    SELECT NULL, m.umid, NULL, NULL, NULL, format('user mapping for %s on server %I', role.name, srvname), 'user mapping', 'shared'
    FROM pg_user_mappings AS m
    JOIN role ON role.oid = umuser
    UNION ALL
    SELECT 'pg_publication'::regclass, p.oid, p.pubowner, NULL, NULL, 'publication ' || quote_ident(p.pubname),
        concat_ws(
            ' ', CASE WHEN p.puballtables THEN 'for all tables' END, CASE WHEN p.all_sequences THEN 'for all sequences' END,
            'publish (' || concat_ws(
                ', ', CASE WHEN p.pubinsert THEN 'insert' END, CASE WHEN p.pubupdate THEN 'update' END,
                CASE WHEN p.pubdelete THEN 'delete' END, CASE WHEN p.pubtruncate THEN 'truncate' END
            ) || ')',
            CASE WHEN p.pubviaroot THEN 'via partition root' END,
            'generated columns ' || CASE p.generated WHEN 's' THEN 'stored' END
        ), 'shared'
    FROM (
        SELECT p.*
        FROM (SELECT NULL::"char" AS pubgencols, false AS puballsequences) AS before_19
        CROSS JOIN LATERAL (
            SELECT oid, pubname, pubowner, puballtables, pubinsert, pubupdate, pubdelete, pubtruncate, pubviaroot,
                pubgencols AS generated, puballsequences AS all_sequences
            FROM pg_publication
        ) AS p
    ) AS p
    UNION ALL
    SELECT NULL, m.oid, NULL, NULL, NULL, format('published table %s in publication %I', prrelid::regclass, pubname),
        concat_ws(
            ' ', CASE WHEN m.is_excepted THEN 'excepted' ELSE 'published' END,
            'columns (' || (
                SELECT string_agg(quote_ident(attname), ', ' ORDER BY attname COLLATE "C")
                FROM pg_attribute
                WHERE attrelid = m.prrelid AND attnum = ANY (m.columns::smallint[])
            ) || ')',
            'where ' || pg_get_expr(m.qualification, m.prrelid)
        ), NULL
    FROM (
        SELECT m.*
        FROM (SELECT NULL::pg_node_tree AS prqual, NULL::int2vector AS prattrs, false AS prexcept) AS before_19
        CROSS JOIN LATERAL (
            SELECT oid, prpubid, prrelid, prqual AS qualification, prattrs AS columns, prexcept AS is_excepted
            FROM pg_publication_rel
        ) AS m
    ) AS m
    JOIN pg_publication AS p ON p.oid = prpubid
),
-- Options that a user can set. What else is there is the server's own.
option_ AS MATERIALIZED (
    SELECT place, oid, sub, object, option, nth, split_part(option, '=', 1) AS name, known IS NULL OR split_part(option, '=', 1) = ANY (known) AS is_known
    FROM (
        SELECT 'column' AS place, attrelid AS oid, attnum AS sub, name AS object, unnest(attoptions) AS option,
            generate_subscripts(attoptions, 1) AS nth, ARRAY[{column_options}] AS known
        FROM attribute
        WHERE attoptions IS NOT NULL
        UNION ALL
        -- Those of another access method are as it wants them.
        SELECT 'table', oid, 0, name, unnest(reloptions), generate_subscripts(reloptions, 1), CASE WHEN relam IN (0, 2) THEN ARRAY[{table_options}] END
        FROM relation
        WHERE relkind IN ('r', 'p', 'f', 'm') AND reloptions IS NOT NULL
        UNION ALL
        SELECT 'table', r.oid, 0, r.name, 'toast.' || unnest(t.reloptions), generate_subscripts(t.reloptions, 1), ARRAY[{toast_options}]
        FROM relation AS r
        JOIN pg_class AS t ON t.oid = r.reltoastrelid
        WHERE t.reloptions IS NOT NULL
        UNION ALL
        SELECT 'view', oid, 0, name, unnest(reloptions), generate_subscripts(reloptions, 1), ARRAY[{view_options}]
        FROM relation
        WHERE relkind = 'v' AND reloptions IS NOT NULL
        UNION ALL
        SELECT 'index', oid, 0, name, unnest(reloptions), generate_subscripts(reloptions, 1), CASE WHEN relam < 16384 THEN ARRAY[{index_options}] END
        FROM index_
        WHERE reloptions IS NOT NULL
    ) AS all_options
),
options AS MATERIALIZED (
    SELECT place, oid, sub, string_agg(option, ', ' ORDER BY option COLLATE "C") FILTER (WHERE is_known) AS list,
        -- As pg_get_indexdef() prints them all, and as it would print those that are known.
        string_agg(printed, ', ' ORDER BY nth) AS printed,
        string_agg(printed, ', ' ORDER BY nth) FILTER (WHERE is_known) AS printed_known
    FROM (
        SELECT *, quote_ident(name) || '=' || CASE WHEN quote_ident(value) = value THEN value ELSE quote_literal(value) END AS printed
        FROM (SELECT *, substr(option, length(name) + 2) AS value FROM option_) AS split
    ) AS option_
    GROUP BY place, oid, sub
),
guarded AS (
    SELECT kind || name AS subject, relowner AS owner, relacl AS acl, acldefault('r', relowner) AS usual, 'table' AS what, NULL AS note
    FROM relation
    WHERE relkind <> 'S'
    UNION ALL
    SELECT subject, relowner, relacl, acldefault('s', relowner), 'sequence', NULL
    FROM sequence
    UNION ALL
    SELECT 'column ' || name, relowner, attacl, NULL::aclitem[], 'column', NULL
    FROM attribute
    WHERE attacl IS NOT NULL
    UNION ALL
    SELECT kind || name, proowner, proacl, acldefault('f', proowner), 'function', NULL
    FROM function_
    UNION ALL
    SELECT kind || name, typowner, typacl, acldefault('T', typowner), 'type', NULL
    FROM type_
    UNION ALL
    SELECT subject, owner, acl, usual, split_part(subject, ' ', 1), note
    FROM other
    WHERE acl IS NOT NULL AND NOT EXISTS (SELECT FROM from_extension WHERE classid = other.class AND objid = other.oid)
    UNION ALL
    -- Before PostgreSQL 15 PUBLIC may also create in schema public of a new database.
    SELECT 'schema ' || quote_ident(nspname), nspowner, nspacl,
        acldefault('n', nspowner) || CASE
            WHEN nspname <> 'public' THEN NULL
            WHEN major < 15 THEN ARRAY[makeaclitem(0, nspowner, 'USAGE', false), makeaclitem(0, nspowner, 'CREATE', false)]
            ELSE ARRAY[makeaclitem(0, nspowner, 'USAGE', false)]
        END, 'schema', NULL
    FROM space, the
    WHERE NOT EXISTS (SELECT FROM from_extension WHERE classid = 'pg_namespace'::regclass AND objid = space.oid)
    UNION ALL
    SELECT 'database', datdba, datacl, acldefault('d', datdba), 'database', NULL
    FROM pg_database
    WHERE datname = current_database()
    UNION ALL
    -- Within a schema they are added to the usual ones, else they stand in place of them. Those of another role that hold
    -- everywhere are its own affair.
    SELECT concat_ws(
            ' ', 'default',
            CASE defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions' WHEN 'T' THEN 'types'
                WHEN 'n' THEN 'schemas' WHEN 'L' THEN 'large objects' ELSE defaclobjtype::text END,
            'in schema ' || quote_ident(nspname), 'by', role.name
        ), defaclrole, defaclacl,
        CASE WHEN defaclnamespace = 0 AND defaclobjtype IN ('r', 'S', 'f', 'T', 'n', 'L')
            THEN acldefault(CASE defaclobjtype WHEN 'S' THEN 's' ELSE defaclobjtype END, defaclrole) END,
        CASE defaclobjtype WHEN 'r' THEN 'table' WHEN 'S' THEN 'sequence' WHEN 'f' THEN 'function' WHEN 'T' THEN 'type'
            WHEN 'n' THEN 'schema' WHEN 'L' THEN 'large object' END,
        CASE WHEN defaclnamespace = 0 AND defaclrole <> the.owner THEN 'shared' END
    FROM pg_default_acl
    CROSS JOIN the
    JOIN role ON role.oid = defaclrole
    LEFT JOIN space ON space.oid = defaclnamespace
    WHERE defaclnamespace = 0 OR nspname IS NOT NULL
),
-- Who granted it makes no difference to what somebody may do.
privilege AS MATERIALIZED (
    SELECT subject, note, guarded.owner, grantee, privilege_type, usual_one, bool_or(is_grantable) AND grantee <> guarded.owner AS grantable,
        (what, privilege_type) IN (VALUES {privileges}) AS is_known
    FROM (
        SELECT subject, note, what, owner, exploded.*, false AS usual_one FROM guarded, aclexplode(acl) AS exploded WHERE acl IS NOT NULL
        UNION ALL
        SELECT subject, note, what, owner, exploded.*, true FROM guarded, aclexplode(usual) AS exploded WHERE acl IS NOT NULL
    ) AS guarded
    GROUP BY subject, note, what, guarded.owner, grantee, privilege_type, usual_one
),
-- MAINTAIN is there from PostgreSQL 17 on: whoever owns the table or has been granted all has it there, and not before.
granted AS (
    SELECT subject, note, owner, grantee, usual_one,
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
    WHERE is_known
    GROUP BY subject, note, owner, grantee, usual_one
),
-- What comments, security labels and dependencies on an extension hang on.
described AS MATERIALIZED (
    SELECT 'pg_class'::regclass AS class, oid, 0 AS sub, kind || name AS subject FROM relation WHERE relkind <> 'S'
    UNION ALL SELECT 'pg_class'::regclass, oid, 0, subject FROM sequence
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
    UNION ALL SELECT 'pg_type'::regclass, t.oid, 0, 'multirange ' || name
        FROM any_type JOIN pg_type AS t ON t.oid = any_type.oid AND typtype = 'm'
    -- A comment on a composite type's attribute, and one on the type, which is on its relation or on itself.
    UNION ALL SELECT 'pg_class'::regclass, attrelid, attnum, 'column ' || name || '.' || quote_ident(attname)
        FROM type_ JOIN pg_attribute ON attrelid = typrelid AND attnum > 0
    UNION ALL SELECT 'pg_event_trigger'::regclass, oid, 0, 'event trigger ' || name FROM event_trigger
    UNION ALL SELECT 'pg_namespace'::regclass, oid, 0, 'schema ' || quote_ident(nspname) FROM space
    UNION ALL SELECT class, oid, 0, subject FROM other
        WHERE NOT EXISTS (SELECT FROM from_extension WHERE classid = other.class AND objid = other.oid)
)
