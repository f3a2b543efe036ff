-- Subscriptions. Before PostgreSQL 14 only a superuser may read their object identifiers. The connection holds a password,
-- and only a superuser may see it on any major.
SELECT object, definition, note
FROM (
    SELECT s.*
    FROM (
        SELECT 0::oid AS subserver, false AS subdisableonerr, 'any'::text AS suborigin, false AS subrunasowner,
            true AS subpasswordrequired, false AS subfailover
    ) AS before_19
    CROSS JOIN LATERAL (
        SELECT oid, subdbid, subname, subowner, subenabled, subpublications, subslotname, subsynccommit, subserver AS serverid,
            subbinary AS is_binary, subdisableonerr AS stops_on_error, suborigin AS origin, subrunasowner AS runs_as_owner,
            subpasswordrequired AS needs_password, subfailover AS fails_over
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
            'slot ' || quote_ident(subslotname), 'synchronous_commit ' || subsynccommit, 'server ' || quote_ident(srvname),
            CASE WHEN is_binary THEN 'binary' END, CASE WHEN stops_on_error THEN 'disable_on_error' END, 'origin ' || nullif(origin, 'any'),
            CASE WHEN runs_as_owner THEN 'run_as_owner' END, CASE WHEN NOT needs_password THEN 'no password_required' END,
            CASE WHEN fails_over THEN 'failover' END
        ), 'shared'
    ), (
        'owner of subscription ' || quote_ident(subname), CASE WHEN subowner <> owner THEN role.name END, NULL
    ), (
        'comment on subscription ' || quote_ident(subname), description, NULL
    )
) AS rows_of (object, definition, note)
WHERE subdbid = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
