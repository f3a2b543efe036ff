DECLARE
    newest bigint;
    number bigint;
    list text;
BEGIN
    IF to_regclass(<there>) IS NOT NULL THEN
        SELECT max(version) INTO newest FROM <history>;
        WITH known (version, stem, name, checksum) AS (VALUES
<known>
        ),
        told AS (
            SELECT
                coalesce(known.version, history.version) AS version,
                coalesce(known.stem, <shown unknown> || coalesce('_' || history.name, '')) AS stem,
                CASE
                    WHEN history.version IS NULL THEN 'out of order'
                    WHEN known.version IS NULL THEN 'unknown'
                    ELSE 'divergent'
                END AS state,
                CASE
                    WHEN history.version IS NULL
                        THEN 'not in the history, and older than ' || <shown newest> || ', which is'
                    WHEN known.version IS NULL THEN 'applied, and not in this file'
                    WHEN history.name IS NULL THEN 'applied, without a name in the history'
                    WHEN history.name <> known.name THEN 'applied under the name "' || history.name || '"'
                    WHEN history.checksum IS NULL THEN 'applied, without a checksum in the history'
                    ELSE 'applied with checksum ' || history.checksum || ', here it is ' || known.checksum
                END AS reason
            FROM known FULL JOIN <history> AS history ON history.version = known.version
            WHERE (history.version IS NULL AND known.version < newest)
                OR (known.version IS NULL AND history.version <= <last>)
                OR (history.version = known.version
                    AND (history.name, history.checksum) IS DISTINCT FROM (known.name, known.checksum))
        )
        SELECT
            count(*),
            string_agg(
                concat('  ', rpad(state, 14), rpad(stem, (SELECT max(length(stem)) FROM told)), '  ', reason),
                chr(10) ORDER BY version
            )
        INTO number, list FROM told;
        IF number > 0 THEN
            RAISE EXCEPTION USING
                MESSAGE = 'history and this file disagree on ' || number || ' migration'
                    || CASE number WHEN 1 THEN '' ELSE 's' END || '; nothing was done' || chr(10) || list,
                HINT = 'have a file made by the dsentr-migrate that was used here last, or by a newer one';
        END IF;
    END IF;
<untracked>    IF NOT <fits> THEN
        RAISE EXCEPTION USING
            MESSAGE = 'the database is at ' || coalesce(<shown newest>, 'no version')
                || ', and this file leads from <from> to <to>; nothing was done',
            HINT = 'have a file made that begins where the database is, with --from, or anywhere, without';
    END IF;
END
