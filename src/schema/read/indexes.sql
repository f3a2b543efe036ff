-- Indexes, also those of partitions where they are not as the partitioned table gave them.
SELECT 'index ' || name, concat_ws(
        ' ', CASE WHEN indisunique THEN 'unique' END,
        CASE WHEN printed IS DISTINCT FROM printed_known
            THEN replace(tail, ' WITH (' || printed || ')', coalesce(' WITH (' || printed_known || ')', '')) ELSE tail END,
        'statistics (' || targets || ')',
        CASE WHEN indisclustered THEN 'clustered' END,
        CASE WHEN indisreplident THEN 'replica identity' END,
        CASE WHEN NOT indisvalid THEN 'INVALID' END
    ), CASE WHEN NOT indisvalid THEN CASE WHEN building.relation IS NOT NULL THEN 'building' ELSE 'oid:' || i.oid END END
FROM (
    -- From the method on; the rest is the object's name and kind.
    SELECT *, substr(
            pg_get_indexdef(oid),
            length(concat_ws(
                ' ', 'CREATE', CASE WHEN indisunique THEN 'UNIQUE' END, 'INDEX', quote_ident(relname), 'ON',
                CASE relkind WHEN 'I' THEN 'ONLY' END, quote_ident(nspname) || '.' || quote_ident(table_name), 'USING '
            )) + 1
        ) AS tail
    FROM index_
    WHERE constraint_id IS NULL AND NOT relispartition
) AS i
LEFT JOIN building ON building.relation = indrelid
LEFT JOIN options AS o ON place = 'index' AND o.oid = i.oid
LEFT JOIN (
    SELECT attrelid, string_agg(attnum || ': ' || attstattarget, ', ' ORDER BY attnum) AS targets
    FROM pg_attribute
    WHERE attstattarget >= 0 AND attnum > 0 AND NOT attisdropped
    GROUP BY attrelid
) AS t ON t.attrelid = i.oid
UNION ALL
SELECT 'index ' || i.name, concat_ws(
        ' ', 'of a partition', 'with (' || nullif(mine.list, theirs.list) || ')', CASE WHEN indisclustered THEN 'clustered' END,
        CASE WHEN indisreplident THEN 'replica identity' END, CASE WHEN NOT indisvalid THEN 'INVALID' END
    ), CASE WHEN NOT indisvalid THEN CASE WHEN building.relation IS NOT NULL THEN 'building' ELSE 'oid:' || i.oid END END
FROM index_ AS i
LEFT JOIN pg_inherits ON inhrelid = i.oid
LEFT JOIN options AS mine ON mine.place = 'index' AND mine.oid = i.oid
LEFT JOIN options AS theirs ON theirs.place = 'index' AND theirs.oid = inhparent
LEFT JOIN building ON building.relation = indrelid
WHERE i.relispartition AND (indisclustered OR indisreplident OR NOT indisvalid OR mine.list IS DISTINCT FROM theirs.list)
