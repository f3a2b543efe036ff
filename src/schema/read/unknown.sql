-- What is there and is not compared, as this reader does not know it: a newer server may have more kinds of everything.
SELECT concat('option ', name, ' of ', place, CASE WHEN place = 'index' THEN 'es' ELSE 's' END),
    concat(count(*), ' in all, such as ', min(object COLLATE "C")), 'unknown'
FROM option_
WHERE NOT is_known
GROUP BY name, place
UNION ALL
SELECT concat('privilege ', privilege_type, ' on ', subject, ' for ', role.name), 'privilege', 'unknown'
FROM privilege
JOIN role ON role.oid = grantee
WHERE NOT is_known AND NOT usual_one
UNION ALL
SELECT concat('relation ', prefix, quote_ident(relname)), 'relkind ' || quote_literal(relkind::text), 'unknown'
FROM pg_class AS c
JOIN space ON space.oid = relnamespace
WHERE relkind NOT IN ('r', 'i', 'S', 't', 'v', 'm', 'c', 'f', 'p', 'I')
UNION ALL
SELECT concat('constraint ', r.name, '.', quote_ident(conname)), 'contype ' || quote_literal(contype::text), 'unknown'
FROM pg_constraint
JOIN relation AS r ON r.oid = conrelid
WHERE contype NOT IN ('c', 'f', 'n', 'p', 'u', 't', 'x')
UNION ALL
SELECT concat('function ', prefix, quote_ident(proname)), 'prokind ' || quote_literal(prokind::text), 'unknown'
FROM pg_proc AS p
JOIN space ON space.oid = pronamespace
WHERE prokind NOT IN ('f', 'p', 'a', 'w')
UNION ALL
SELECT concat('type ', prefix, quote_ident(typname)), 'typtype ' || quote_literal(typtype::text), 'unknown'
FROM pg_type AS t
JOIN space ON space.oid = typnamespace
WHERE typtype NOT IN ('b', 'c', 'd', 'e', 'p', 'r', 'm')
UNION ALL
SELECT 'column ' || name, concat_ws(
        ', ', 'attgenerated ' || quote_literal(CASE WHEN attgenerated NOT IN ('', 's', 'v') THEN attgenerated::text END),
        'attidentity ' || quote_literal(CASE WHEN attidentity NOT IN ('', 'a', 'd') THEN attidentity::text END),
        'attcompression ' || quote_literal(CASE WHEN compression NOT IN ('', 'p', 'l') THEN compression::text END),
        'attstorage ' || quote_literal(CASE WHEN attstorage NOT IN ('p', 'm', 'x', 'e') THEN attstorage::text END)
    ), 'unknown'
FROM attribute
WHERE attgenerated NOT IN ('', 's', 'v') OR attidentity NOT IN ('', 'a', 'd') OR compression NOT IN ('', 'p', 'l')
   OR attstorage NOT IN ('p', 'm', 'x', 'e')
UNION ALL
SELECT concat('setting ', split_part(setting, '=', 1), ' of ', kind, name), 'setting', 'unknown'
FROM function_
CROSS JOIN LATERAL unnest(proconfig) AS setting
WHERE split_part(setting, '=', 1) !~ '[^a-z_]' AND current_setting(split_part(setting, '=', 1), true) IS NULL
