-- Functions, procedures and aggregates: from the arguments on; name and kind are the object's.
SELECT kind || name, rtrim(
        CASE
            -- What the server has put there for itself.
            WHEN strange IS NOT NULL THEN regexp_replace(printed, E'\n SET "?(' || strange || ')"? TO [^\n]*', '', 'g')
            ELSE printed
        END, E'\n'
    ), NULL
FROM (
    SELECT kind, name, substr(
            pg_get_functiondef(oid),
            length(concat(
                'CREATE OR REPLACE ', CASE prokind WHEN 'p' THEN 'PROCEDURE ' ELSE 'FUNCTION ' END,
                quote_ident(nspname), '.', quote_ident(proname)
            )) + 1
        ) AS printed,
        CASE WHEN proconfig IS NOT NULL THEN (
            SELECT string_agg(split_part(setting, '=', 1), '|')
            FROM unnest(proconfig) AS setting
            WHERE split_part(setting, '=', 1) !~ '[^a-z_]' AND current_setting(split_part(setting, '=', 1), true) IS NULL
        ) END AS strange
    FROM function_
    WHERE prokind <> 'a'
) AS f
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
        CASE proparallel WHEN 's' THEN 'parallel safe' WHEN 'r' THEN 'parallel restricted' END,
        'support ' || nullif(prosupport::oid, 0)::regproc
    ), NULL
FROM function_ AS f
JOIN pg_aggregate ON aggfnoid = f.oid
JOIN pg_proc AS p ON p.oid = f.oid
