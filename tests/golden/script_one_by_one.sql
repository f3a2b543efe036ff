-- The schema of Dsentr, from any version to 2025_01_01_2: 2 migrations.
--
-- Made by dsentr-migrate, for psql and PostgreSQL 13 or newer. Run it as the role that owns the
-- schema, connected to the server itself and not to a pooler:
--
--   psql -X -f FILE DATABASE
--
-- It first asks the database whether it may begin, and changes nothing where it may not. Each step is
-- one transaction together with its row in the history. At the first error psql stops with exit code
-- 3: what was applied before stays so, nothing is left of what failed, and the same file goes on from
-- there once the cause is gone. Run again after its end, it changes nothing. `dsentr-migrate` agrees
-- with what it leaves.
--
-- Between the dollar quotes of a transaction stands the file of the migration, byte for byte; what
-- refuses a transaction is sent statement by statement. The files, in the order of their steps, and
-- their SHA-256 sums:
--
--   10de9607dad5a0de5315f1703a7063c51cae2eb0c2fd996552fa294307234018  2025_01_01_1_first.sql
--   1fe98a5e317572f03ed2f14ccf9fcbff715640112409bda95f016dfc7b501b55  2025_01_01_2_second.sql


-- What holds in this session, whatever a psqlrc or a flag has set
-- ---------------------------------------------------------------
\set ON_ERROR_STOP on
\set AUTOCOMMIT on
\set ON_ERROR_ROLLBACK off
\set SINGLELINE off
\set SINGLESTEP off
\set FETCH_COUNT 0
\set QUIET on
\set SHOW_CONTEXT never
\encoding UTF8
SET standard_conforming_strings TO on;
SET client_min_messages TO warning;
SET search_path TO public;
-- Two statements are of one transaction only if somebody has opened one around this file.
SELECT virtualtransaction AS dsentr_transaction FROM pg_catalog.pg_locks
WHERE pid = pg_backend_pid() AND locktype = 'virtualxid' LIMIT 1 \gset
SELECT EXISTS (
    SELECT FROM pg_catalog.pg_locks
    WHERE pid = pg_backend_pid() AND virtualtransaction = :'dsentr_transaction'
) AS dsentr_in_transaction \gset
\if :dsentr_in_transaction
\set SHOW_CONTEXT never
DO $dsentr$
BEGIN
    RAISE EXCEPTION USING
        MESSAGE = 'this file makes its own transactions, and was run inside of one; nothing was done',
        HINT = 'run it without --single-transaction (-1), and not after BEGIN';
END
$dsentr$;
\endif


-- The right database
-- ------------------
DO $dsentr$
BEGIN
    IF current_setting('server_version_num')::integer < 130000 THEN
        RAISE EXCEPTION USING
            MESSAGE = 'the server is PostgreSQL ' || current_setting('server_version')
                || ', and this needs 13 or newer; nothing was done',
            HINT = 'use a newer server';
    END IF;
    IF pg_is_in_recovery() THEN
        RAISE EXCEPTION USING
            MESSAGE = 'the server is a standby and takes no writes; nothing was done',
            HINT = 'connect to the primary';
    END IF;
    IF current_setting('transaction_read_only') = 'on' THEN
        RAISE EXCEPTION USING
            MESSAGE = 'transactions are read-only here (default_transaction_read_only); nothing was done',
            HINT = 'have that setting taken off the role, the database or the server';
    END IF;
    -- A limit that is meant for the application's queries, or for forgotten sessions, is not meant for
    -- this one; and the server is to notice soon when psql is gone.
    PERFORM set_config(name, '0', false) FROM pg_catalog.pg_settings
    WHERE name IN ('statement_timeout', 'transaction_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'idle_session_timeout', 'tcp_user_timeout');
    PERFORM set_config(name, '1s', false) FROM pg_catalog.pg_settings
    WHERE name = 'client_connection_check_interval' AND version() !~* 'windows|visual c|mingw|apple|darwin';
END
$dsentr$;


-- The migration lock, until this session ends
-- -------------------------------------------
-- It is asked for once. A wait inside of the server would hold a snapshot, for which a CREATE INDEX
-- CONCURRENTLY of whoever has the lock would wait for ever.
SELECT pg_try_advisory_lock(7461234507345062549) AS dsentr_locked \gset
\if :dsentr_locked
\else
DO $dsentr$
DECLARE
    holder text;
BEGIN
    SELECT format(': held by %s (pid %s, from %s, connected since %s, %s)', name, pid, client, since, doing)
    INTO holder
    FROM (SELECT a.pid, coalesce(nullif(a.application_name, ''), 'an unnamed client') || ' as ' || coalesce(a.usename, 'an unknown role'), CASE WHEN coalesce(a.query = '<insufficient privilege>', false) THEN 'a hidden address' ELSE coalesce(host(a.client_addr), 'the same machine') END, CASE WHEN coalesce(a.query = '<insufficient privilege>', false) THEN 'a hidden time' ELSE to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') END, CASE WHEN coalesce(a.query = '<insufficient privilege>', false) THEN 'state hidden; a member of pg_read_all_stats sees it' WHEN a.state = 'active' THEN 'runs: ' || btrim(left(regexp_replace(split_part(a.query, E'\n;', 1), '\s+', ' ', 'g'), 60)) ELSE coalesce(a.state, 'state unknown') END FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND l.classid = 1737204032 AND l.objid = 3425725077 AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())) AS holders (pid, name, client, since, doing);
    RAISE EXCEPTION USING
        MESSAGE = 'another run holds the migration lock' || coalesce(holder, '') || '; nothing was done',
        HINT = 'run the file again when the other run is done';
END
$dsentr$;
\endif


-- What was applied must be what this file knows
-- ---------------------------------------------
DO $dsentr$
DECLARE
    newest bigint;
    number bigint;
    list text;
BEGIN
    IF to_regclass('"public"."refinery_schema_history"') IS NOT NULL THEN
        SELECT max(version) INTO newest FROM "public"."refinery_schema_history";
        WITH known (version, stem, name, checksum) AS (VALUES
            (2025010101, '2025_01_01_1_first', 'first', '1886858758526296488'),
            (2025010102, '2025_01_01_2_second', 'second', '7037697444140487943')
        ),
        told AS (
            SELECT
                coalesce(known.version, history.version) AS version,
                coalesce(known.stem, regexp_replace((history.version)::text, '^([1-9]\d{3})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])0?([1-9]\d?)$', '\1_\2_\3_\4') || coalesce('_' || history.name, '')) AS stem,
                CASE
                    WHEN history.version IS NULL THEN 'out of order'
                    WHEN known.version IS NULL THEN 'unknown'
                    ELSE 'divergent'
                END AS state,
                CASE
                    WHEN history.version IS NULL
                        THEN 'not in the history, and older than ' || regexp_replace((newest)::text, '^([1-9]\d{3})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])0?([1-9]\d?)$', '\1_\2_\3_\4') || ', which is'
                    WHEN known.version IS NULL THEN 'applied, and not in this file'
                    WHEN history.name IS NULL THEN 'applied, without a name in the history'
                    WHEN history.name <> known.name THEN 'applied under the name "' || history.name || '"'
                    WHEN history.checksum IS NULL THEN 'applied, without a checksum in the history'
                    ELSE 'applied with checksum ' || history.checksum || ', here it is ' || known.checksum
                END AS reason
            FROM known FULL JOIN "public"."refinery_schema_history" AS history ON history.version = known.version
            WHERE (history.version IS NULL AND known.version < newest)
                OR (known.version IS NULL AND history.version <= 2025010102)
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
    IF NOT true THEN
        RAISE EXCEPTION USING
            MESSAGE = 'the database is at ' || coalesce(regexp_replace((newest)::text, '^([1-9]\d{3})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])0?([1-9]\d?)$', '\1_\2_\3_\4'), 'no version')
                || ', and this file leads from any version to 2025_01_01_2; nothing was done',
            HINT = 'have a file made that begins where the database is, with --from, or anywhere, without';
    END IF;
END
$dsentr$;
SELECT to_regclass('"public"."refinery_schema_history"') IS NULL AS dsentr_absent \gset
\if :dsentr_absent
CREATE TABLE IF NOT EXISTS "public"."refinery_schema_history" (
    version int8 PRIMARY KEY,
    name varchar(255),
    applied_on varchar(255),
    checksum varchar(255)
);
\endif
SELECT 2 - count(*) AS dsentr_left, 2 - count(*) = 0 AS dsentr_done FROM "public"."refinery_schema_history"
    WHERE version IN (2025010101, 2025010102) \gset
\if :dsentr_done
\else
\echo to apply: :dsentr_left
\endif
\set SHOW_CONTEXT errors


-- migrations/2025_01_01_1_first.sql
-- ---------------------------------
SELECT NOT EXISTS (SELECT FROM "public"."refinery_schema_history" WHERE version = 2025010101) AS dsentr_pending \gset
\if :dsentr_pending
\echo applies 2025_01_01_1_first
BEGIN ISOLATION LEVEL READ COMMITTED;
SET LOCAL search_path TO public;
SET LOCAL statement_timeout TO 0;
SET LOCAL lock_timeout TO 4000;
INSERT INTO "public"."refinery_schema_history" (version, name, applied_on, checksum) VALUES (
    2025010101, 'first', to_char(timezone('UTC', clock_timestamp()), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '1886858758526296488'
);
SELECT $dsentr$-- A table, one that counts, and one that is partitioned.
-- Not rerunnable: it need not be.
CREATE TABLE first (id int, label text);
INSERT INTO first VALUES (1, 'a'), (2, 'b');
CREATE INDEX first_label ON first (label);
CREATE TABLE counted (what text);
CREATE PROCEDURE count_up(what text) LANGUAGE sql AS 'INSERT INTO public.counted VALUES (what)';
CREATE PROCEDURE sleep() LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(3600); END';
CREATE TABLE parted (id int) PARTITION BY LIST (id);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1);

-- Nothing to undo: the test drops the database.
$dsentr$ \gexec
COMMIT;
\endif


-- migrations/2025_01_01_2_second.sql
-- ----------------------------------
SELECT NOT EXISTS (SELECT FROM "public"."refinery_schema_history" WHERE version = 2025010102) AS dsentr_pending \gset
\if :dsentr_pending
\echo applies 2025_01_01_2_second
-- Without a transaction, statement by statement. The ledger remembers which are done; when psql stops
-- in between, this file and `dsentr-migrate` go on from there.
SET search_path TO public;
SET statement_timeout TO 0;
SET lock_timeout TO 0;
CREATE TABLE IF NOT EXISTS "public"."refinery_schema_history_ledger" (version bigint, statement integer, sql text NOT NULL, begun timestamptz NOT NULL DEFAULT now(), done timestamptz, PRIMARY KEY (version, statement));

-- Of interest to a test.
-- migrate: no-transaction
-- Not rerunnable: it counts.
SELECT $dsentr$CALL public.count_up('before')$dsentr$ AS dsentr_sql \gset
SELECT count(done) > 0 AS dsentr_finished, count(*) > count(done) AS dsentr_begun FROM "public"."refinery_schema_history_ledger"
    WHERE version = 2025010102 AND statement = 0 AND sql = :'dsentr_sql' \gset
\if :dsentr_finished
\else
\if :dsentr_begun
SELECT EXISTS (
    SELECT FROM pg_catalog.pg_stat_activity
    WHERE pid <> pg_backend_pid() AND datname = current_database() AND state = 'active'
        AND query <> '' AND starts_with(:'dsentr_sql', query)
) AS dsentr_orphan \gset
\if :dsentr_orphan
\set SHOW_CONTEXT never
DO $dsentr$
BEGIN
    RAISE EXCEPTION USING
        MESSAGE = 'the next statement is still running for a run that is gone',
        HINT = 'run the file again when it has ended; pg_stat_activity shows it';
END
$dsentr$;
\endif
\endif
WITH before AS (
    UPDATE "public"."refinery_schema_history_ledger" SET done = now() WHERE version = 2025010102 AND statement < 0 AND done IS NULL
), behind AS (
    DELETE FROM "public"."refinery_schema_history_ledger" WHERE version = 2025010102 AND statement > 0
)
INSERT INTO "public"."refinery_schema_history_ledger" VALUES (2025010102, 0, :'dsentr_sql')
ON CONFLICT (version, statement) DO UPDATE SET sql = excluded.sql, begun = now(), done = NULL;
SELECT :'dsentr_sql' \gexec
\endif

SELECT $dsentr$CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS first_id ON public.first (id)$dsentr$ AS dsentr_sql \gset
SELECT count(done) > 0 AS dsentr_finished, count(*) > count(done) AS dsentr_begun FROM "public"."refinery_schema_history_ledger"
    WHERE version = 2025010102 AND statement = 1 AND sql = :'dsentr_sql' \gset
\if :dsentr_finished
\else
\if :dsentr_begun
SELECT EXISTS (
    SELECT FROM pg_catalog.pg_stat_activity
    WHERE pid <> pg_backend_pid() AND datname = current_database() AND state = 'active'
        AND query <> '' AND starts_with(:'dsentr_sql', query)
) AS dsentr_orphan \gset
\if :dsentr_orphan
\set SHOW_CONTEXT never
DO $dsentr$
BEGIN
    RAISE EXCEPTION USING
        MESSAGE = 'the next statement is still running for a run that is gone',
        HINT = 'run the file again when it has ended; pg_stat_activity shows it';
END
$dsentr$;
\endif
\endif
SELECT EXISTS (
    SELECT FROM pg_catalog.pg_index AS i
    JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relname = 'first_id' AND c.relkind = 'i'
        AND NOT i.indisvalid AND EXISTS (SELECT FROM pg_catalog.pg_stat_progress_create_index AS p WHERE p.index_relid = c.oid OR p.index_relid IS NULL AND EXISTS (SELECT FROM pg_catalog.pg_locks AS l WHERE l.pid = p.pid AND l.relation = i.indrelid AND l.mode = 'ShareUpdateExclusiveLock' AND l.granted))
) AS dsentr_in_progress \gset
\if :dsentr_in_progress
\set SHOW_CONTEXT never
DO $dsentr$
BEGIN
    RAISE EXCEPTION USING
        MESSAGE = 'somebody else is making the index "public"."first_id" now',
        HINT = 'run the file again when it is made';
END
$dsentr$;
\endif
SELECT 'DROP INDEX CONCURRENTLY IF EXISTS "public"."first_id"'
    FROM pg_catalog.pg_index AS i
    JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relname = 'first_id' AND c.relkind = 'i'
        AND NOT i.indisvalid \gexec
SELECT NOT (:'dsentr_begun'::boolean AND EXISTS (
    SELECT FROM pg_catalog.pg_index AS i
    JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relname = 'first_id' AND c.relkind = 'i'
        AND i.indisvalid
)) AS dsentr_needed \gset
\if :dsentr_needed
WITH before AS (
    UPDATE "public"."refinery_schema_history_ledger" SET done = now() WHERE version = 2025010102 AND statement < 1 AND done IS NULL
), behind AS (
    DELETE FROM "public"."refinery_schema_history_ledger" WHERE version = 2025010102 AND statement > 1
)
INSERT INTO "public"."refinery_schema_history_ledger" VALUES (2025010102, 1, :'dsentr_sql')
ON CONFLICT (version, statement) DO UPDATE SET sql = excluded.sql, begun = now(), done = NULL;
SELECT :'dsentr_sql' \gexec
SELECT EXISTS (
    SELECT FROM pg_catalog.pg_index AS i
    JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relname = 'first_id' AND c.relkind = 'i'
        AND NOT i.indisvalid
) AS dsentr_invalid \gset
\if :dsentr_invalid
\set SHOW_CONTEXT never
DO $dsentr$
BEGIN
    RAISE EXCEPTION USING
        MESSAGE = 'the index "public"."first_id" is INVALID',
        HINT = 'run the file again: it makes the index anew';
END
$dsentr$;
\endif
\endif
\endif

-- Between two statements: it's \d and ; too.
/* And /* nested */ : ; */
SELECT $dsentr$VACUUM public.first$dsentr$ AS dsentr_sql \gset
SELECT count(done) > 0 AS dsentr_finished, count(*) > count(done) AS dsentr_begun FROM "public"."refinery_schema_history_ledger"
    WHERE version = 2025010102 AND statement = 2 AND sql = :'dsentr_sql' \gset
\if :dsentr_finished
\else
\if :dsentr_begun
SELECT EXISTS (
    SELECT FROM pg_catalog.pg_stat_activity
    WHERE pid <> pg_backend_pid() AND datname = current_database() AND state = 'active'
        AND query <> '' AND starts_with(:'dsentr_sql', query)
) AS dsentr_orphan \gset
\if :dsentr_orphan
\set SHOW_CONTEXT never
DO $dsentr$
BEGIN
    RAISE EXCEPTION USING
        MESSAGE = 'the next statement is still running for a run that is gone',
        HINT = 'run the file again when it has ended; pg_stat_activity shows it';
END
$dsentr$;
\endif
\endif
WITH before AS (
    UPDATE "public"."refinery_schema_history_ledger" SET done = now() WHERE version = 2025010102 AND statement < 2 AND done IS NULL
), behind AS (
    DELETE FROM "public"."refinery_schema_history_ledger" WHERE version = 2025010102 AND statement > 2
)
INSERT INTO "public"."refinery_schema_history_ledger" VALUES (2025010102, 2, :'dsentr_sql')
ON CONFLICT (version, statement) DO UPDATE SET sql = excluded.sql, begun = now(), done = NULL;
SELECT :'dsentr_sql' \gexec
\endif

SELECT $dsentr$CALL public.count_up('after')$dsentr$ AS dsentr_sql \gset
SELECT count(done) > 0 AS dsentr_finished, count(*) > count(done) AS dsentr_begun FROM "public"."refinery_schema_history_ledger"
    WHERE version = 2025010102 AND statement = 3 AND sql = :'dsentr_sql' \gset
\if :dsentr_finished
\else
\if :dsentr_begun
SELECT EXISTS (
    SELECT FROM pg_catalog.pg_stat_activity
    WHERE pid <> pg_backend_pid() AND datname = current_database() AND state = 'active'
        AND query <> '' AND starts_with(:'dsentr_sql', query)
) AS dsentr_orphan \gset
\if :dsentr_orphan
\set SHOW_CONTEXT never
DO $dsentr$
BEGIN
    RAISE EXCEPTION USING
        MESSAGE = 'the next statement is still running for a run that is gone',
        HINT = 'run the file again when it has ended; pg_stat_activity shows it';
END
$dsentr$;
\endif
\endif
WITH before AS (
    UPDATE "public"."refinery_schema_history_ledger" SET done = now() WHERE version = 2025010102 AND statement < 3 AND done IS NULL
), behind AS (
    DELETE FROM "public"."refinery_schema_history_ledger" WHERE version = 2025010102 AND statement > 3
)
INSERT INTO "public"."refinery_schema_history_ledger" VALUES (2025010102, 3, :'dsentr_sql')
ON CONFLICT (version, statement) DO UPDATE SET sql = excluded.sql, begun = now(), done = NULL;
SELECT :'dsentr_sql' \gexec
\endif

-- Nothing to undo: the test drops the database.
UPDATE "public"."refinery_schema_history_ledger" SET done = now() WHERE version = 2025010102 AND done IS NULL;
BEGIN ISOLATION LEVEL READ COMMITTED;
INSERT INTO "public"."refinery_schema_history" (version, name, applied_on, checksum) VALUES (
    2025010102, 'second', to_char(timezone('UTC', clock_timestamp()), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '7037697444140487943'
);
DROP TABLE "public"."refinery_schema_history_ledger";
COMMIT;
\endif

SELECT pg_advisory_unlock(7461234507345062549) AS dsentr_unlocked \gset
SELECT coalesce(regexp_replace((max(version))::text, '^([1-9]\d{3})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])0?([1-9]\d?)$', '\1_\2_\3_\4'), 'no version') AS dsentr_position FROM "public"."refinery_schema_history" \gset
\if :dsentr_done
\echo nothing to do: the database is at :dsentr_position
\else
\echo done: the database is at :dsentr_position
\endif
