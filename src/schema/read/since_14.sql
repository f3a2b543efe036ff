-- Subscriptions. Before PostgreSQL 14 only a superuser may read their object identifiers. The connection holds a password,
-- and only a superuser may see it on any major.
SELECT object, definition, 'shared'
FROM (
    SELECT s.*
    FROM (SELECT 0::oid AS subserver) AS before_19
    CROSS JOIN LATERAL (
        SELECT oid, subdbid, subname, subowner, subenabled, subpublications, subslotname, subsynccommit, subserver AS serverid
        FROM pg_subscription
    ) AS s
) AS s
LEFT JOIN pg_foreign_server AS server ON server.oid = serverid
CROSS JOIN the
LEFT JOIN role ON role.oid = subowner
LEFT JOIN pg_description ON classoid = 'pg_subscription'::regclass AND objoid = s.oid AND objsubid = 0
CROSS JOIN LATERAL (
    VALUES (
        'subscription ' || quote_ident(subname),
        concat_ws(
            ' ', CASE WHEN NOT subenabled THEN 'disabled' END,
            'publications (' || (SELECT string_agg(quote_ident(one), ', ' ORDER BY one COLLATE "C") FROM unnest(subpublications) AS one) || ')',
            'slot ' || quote_ident(subslotname), 'synchronous_commit ' || subsynccommit, 'server ' || quote_ident(srvname)
        )
    ), (
        'owner of subscription ' || quote_ident(subname), CASE WHEN subowner <> owner THEN role.name END
    ), (
        'comment on subscription ' || quote_ident(subname), description
    )
) AS rows_of (object, definition)
WHERE subdbid = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
