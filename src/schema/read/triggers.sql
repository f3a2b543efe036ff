-- Triggers, rules, policies, statistics and event triggers.
SELECT 'trigger ' || t.name, concat_ws(
        ' ', CASE WHEN tgconstraint <> 0 THEN 'constraint' END,
        replace(
            substr(
                pg_get_triggerdef(t.oid),
                length(concat('CREATE ', CASE WHEN tgconstraint <> 0 THEN 'CONSTRAINT ' END, 'TRIGGER ', quote_ident(tgname), ' ')) + 1
            ),
            ' ON ' || quote_ident(nspname) || '.' || quote_ident(relname) || ' ', ' ON ' || relation || ' '
        ),
        CASE tgenabled WHEN 'D' THEN 'DISABLED' WHEN 'R' THEN 'enabled replica' WHEN 'A' THEN 'enabled always' END
    ),
    -- An extension makes triggers on tables that it serves.
    CASE WHEN from_extension.objid IS NOT NULL THEN 'shared' END
FROM trigger_ AS t
LEFT JOIN from_extension ON classid = 'pg_proc'::regclass AND objid = tgfoid
WHERE tgparentid = 0
UNION ALL
-- A partition has the triggers of its table, and may have them off.
SELECT 'trigger ' || t.name, concat_ws(
        ' ', 'of a partition,', CASE t.tgenabled WHEN 'D' THEN 'DISABLED' WHEN 'R' THEN 'enabled replica' WHEN 'A' THEN 'enabled always' ELSE 'enabled' END
    ), NULL
FROM trigger_ AS t
JOIN pg_trigger AS parent ON parent.oid = t.tgparentid
WHERE t.tgenabled <> parent.tgenabled
UNION ALL
SELECT 'rule ' || name, concat_ws(
        ' ', ltrim(replace(
            substr(pg_get_ruledef(oid), length('CREATE RULE ' || quote_ident(rulename) || ' AS') + 1),
            ' TO ' || quote_ident(nspname) || '.' || quote_ident(relname) || ' ', ' TO ' || relation || ' '
        ), E' \n'),
        CASE ev_enabled WHEN 'D' THEN 'DISABLED' WHEN 'R' THEN 'enabled replica' WHEN 'A' THEN 'enabled always' END
    ), NULL
FROM rule_
UNION ALL
SELECT 'policy ' || policy.name, concat_ws(
        ' ', CASE WHEN NOT polpermissive THEN 'restrictive' END,
        'for', CASE polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
        'to', (
            SELECT string_agg(role.name, ', ' ORDER BY role.name COLLATE "C") FROM role WHERE role.oid = ANY (polroles)
        ), 'using (' || pg_get_expr(polqual, polrelid) || ')', 'with check (' || pg_get_expr(polwithcheck, polrelid) || ')'
    ), NULL
FROM policy
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
    ), NULL
FROM statistics_ AS s
UNION ALL
SELECT 'event trigger ' || name, concat_ws(
        ' ', 'on', evtevent, 'when tag in (' || array_to_string(evttags, ', ') || ')', 'execute function', evtfoid::regproc,
        CASE evtenabled WHEN 'D' THEN 'DISABLED' WHEN 'R' THEN 'enabled replica' WHEN 'A' THEN 'enabled always' END
    ), 'shared'
FROM event_trigger
