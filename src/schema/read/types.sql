-- Types.
SELECT 'enum ' || name, coalesce(string_agg(quote_literal(enumlabel), ', ' ORDER BY enumsortorder), 'no label'), NULL
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
    ), NULL
FROM type_
JOIN LATERAL (SELECT b.typcollation AS base FROM pg_type AS b WHERE b.oid = type_.typbasetype) AS base ON true
WHERE typtype = 'd'
UNION ALL
SELECT 'range ' || name, concat_ws(
        ' ', 'of', format_type(rngsubtype, NULL),
        CASE WHEN NOT opcdefault THEN 'subtype_opclass ' || quote_ident(opcname) END,
        CASE WHEN rngcollation <> s.typcollation THEN 'collate ' || rngcollation::regcollation END,
        'canonical ' || nullif(rngcanonical, 0)::regproc, 'subtype_diff ' || nullif(rngsubdiff, 0)::regproc
    ), NULL
FROM (SELECT oid, name FROM type_ WHERE typtype = 'r') AS r
JOIN pg_range ON rngtypid = r.oid
JOIN pg_type AS s ON s.oid = rngsubtype
JOIN pg_opclass AS o ON o.oid = rngsubopc
UNION ALL
-- Here the order is a part of the type: it decides what ROW(...) means.
SELECT 'type ' || name, CASE
        WHEN NOT typisdefined THEN 'shell'
        WHEN typtype = 'b' THEN concat_ws(
            ' ', 'base, input', typinput, 'output', typoutput, 'receive ' || nullif(typreceive::oid, 0)::regproc,
            'send ' || nullif(typsend::oid, 0)::regproc, 'typmod_in ' || nullif(typmodin::oid, 0)::regproc,
            'typmod_out ' || nullif(typmodout::oid, 0)::regproc, 'analyze ' || nullif(typanalyze::oid, 0)::regproc,
            'internallength ' || typlen, CASE WHEN typbyval THEN 'passedbyvalue' END, 'alignment ' || typalign::text,
            'storage ' || typstorage::text, 'category ' || nullif(typcategory, 'U')::text, CASE WHEN typispreferred THEN 'preferred' END,
            'default ' || quote_literal(typdefault), 'element ' || nullif(typelem, 0)::regtype, 'delimiter ' || nullif(typdelim, ',')::text,
            CASE WHEN typcollation <> 0 THEN 'collatable' END
        )
        ELSE '(' || coalesce((
            SELECT string_agg(concat_ws(
                    ' ', quote_ident(attname), format_type(atttypid, atttypmod),
                    CASE WHEN attcollation <> a_type.typcollation THEN 'collate ' || attcollation::regcollation END
                ), ', ' ORDER BY attnum)
            FROM pg_attribute
            JOIN pg_type AS a_type ON a_type.oid = atttypid
            WHERE attrelid = type_.typrelid AND attnum > 0 AND NOT attisdropped
        ), '') || ')'
    END, NULL
FROM type_
WHERE typtype NOT IN ('e', 'd', 'r')
