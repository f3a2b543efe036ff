SELECT '{"a": [1]}'::jsonb -> 'a' ->> 0, '{}'::jsonb #> '{a,b}', '{}'::jsonb #>> '{a}', '{"a": 1}'::jsonb ? 'a', '{}'::jsonb ?| ARRAY['a'],
    '{}'::jsonb ?& ARRAY['a'], '{}'::jsonb @> '{}', '{}'::jsonb <@ '{}', '{}'::jsonb - 'a', '{}'::jsonb #- '{a}', '{"a": 1}'::jsonb @? '$.a', '{"a": 1}'::jsonb @@ '$.a == 1';
SELECT '5' !~ '3', 'a' !~* 'b', 'a' ~~ 'b', @-5, |/ 25.0, 2 ^ 3, 5 % 2, 5 # 3, ~5, 1 << 2, -1, - -1, + 1, 1e10, .5, 5. FROM (SELECT) AS nothing WHERE false;
SELECT 'a' LIKE 'b' ESCAPE '#', 'a' SIMILAR TO 'b', 'a' ILIKE ANY (ARRAY['a']), 1 IS DISTINCT FROM 2, now() AT TIME ZONE 'UTC', (ARRAY[1, 2])[1:2], ROW (1, 2), (1, 2) = (1, 2);
SELECT interval '1 day', date '2025-01-01', timestamptz 'now', CAST (1 AS text), int4 '1', '1'::int::text[];
SELECT OPERATOR (pg_catalog.+) 1, 1 OPERATOR (pg_catalog.*) 2;

-- Nothing to undo: it is only a fixture.
