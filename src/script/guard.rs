//! What has to hold before anything is done: psql, the server, the migration lock, the history.

use super::frame::{among, comment, number, shown, title};
use super::quoted::{block, literal, stop};
use super::{Ground, Start};
use crate::apply::SCHEMA;
use crate::connect::BLIND_SYSTEMS;
use crate::lock::Holder;

/// Limits for forgotten sessions and for those of the application, wherever a server knows them.
const SESSION_LIMITS: [&str; 3] = [
    "idle_in_transaction_session_timeout",
    "idle_session_timeout",
    "transaction_timeout",
];

/// The oldest server that the migrations are tried on.
const OLDEST: u32 = 130_000;

/// Gives psql the settings that the rest is written for, and refuses to be part of a transaction.
pub(super) fn session() -> String {
    format!(
        "{}\
         \\set ON_ERROR_STOP on\n\
         \\set AUTOCOMMIT on\n\
         \\set ON_ERROR_ROLLBACK off\n\
         \\set SINGLELINE off\n\
         \\set SINGLESTEP off\n\
         \\set FETCH_COUNT 0\n\
         \\set QUIET on\n\
         \\set SHOW_CONTEXT never\n\
         \\encoding UTF8\n\
         SET standard_conforming_strings TO on;\n\
         SET client_min_messages TO warning;\n\
         SET search_path TO {SCHEMA};\n\
         {}\
         SELECT virtualtransaction AS dsentr_transaction FROM pg_catalog.pg_locks\n\
         WHERE pid = pg_backend_pid() AND locktype = 'virtualxid' LIMIT 1 \\gset\n\
         SELECT EXISTS (\n    \
             SELECT FROM pg_catalog.pg_locks\n    \
             WHERE pid = pg_backend_pid() AND virtualtransaction = :'dsentr_transaction'\n\
         ) AS dsentr_in_transaction \\gset\n\
         \\if :dsentr_in_transaction\n\
         {}\
         \\endif\n",
        title("What holds in this session, whatever a psqlrc or a flag has set"),
        comment(
            "Two statements are of one transaction only if somebody has opened one around this file."
        ),
        stop(
            "this file makes its own transactions, and was run inside of one; nothing was done",
            "run it without --single-transaction (-1), and not after BEGIN"
        ),
    )
}

/// The right server, the right database, in the right state.
pub(super) fn database(ground: &Ground<'_>) -> String {
    let mut body = format!(
        "BEGIN\n    \
             IF current_setting('server_version_num')::integer < {OLDEST} THEN\n        \
                 RAISE EXCEPTION USING\n            \
                     MESSAGE = 'the server is PostgreSQL ' || current_setting('server_version')\n                \
                         || ', and this needs {} or newer; nothing was done',\n            \
                     HINT = 'use a newer server';\n    \
             END IF;\n",
        OLDEST / 10_000
    );
    if let Some(name) = &ground.settings.database.name {
        body.push_str(&format!(
            "    IF current_database() <> {name} THEN\n        \
                 RAISE EXCEPTION USING\n            \
                     MESSAGE = 'this is the database ' || current_database()\n                \
                         || ', and the file was made for ' || {name} || '; nothing was done',\n            \
                     HINT = 'connect to the other one, or have a file made for this one with --database';\n    \
             END IF;\n",
            name = literal(name)
        ));
    }
    body.push_str(
        "    IF pg_is_in_recovery() THEN\n        \
             RAISE EXCEPTION USING\n            \
                 MESSAGE = 'the server is a standby and takes no writes; nothing was done',\n            \
                 HINT = 'connect to the primary';\n    \
         END IF;\n    \
         IF current_setting('transaction_read_only') = 'on' THEN\n        \
             RAISE EXCEPTION USING\n            \
                 MESSAGE = 'transactions are read-only here (default_transaction_read_only); nothing was done',\n            \
                 HINT = 'have that setting taken off the role, the database or the server';\n    \
         END IF;\n",
    );
    body.push_str(&comment_in_block(
        "A limit that is meant for the application's queries, or for forgotten sessions, is not meant for this one; and the \
         server is to notice soon when psql is gone.",
    ));
    body.push_str(&format!(
        "    PERFORM set_config(name, '0', false) FROM pg_catalog.pg_settings\n    \
         WHERE name IN ({});\n    \
         PERFORM set_config(name, '1s', false) FROM pg_catalog.pg_settings\n    \
         WHERE name = 'client_connection_check_interval' AND version() !~* '{BLIND_SYSTEMS}';\n\
         END",
        SESSION_LIMITS.map(literal).join(", "),
    ));
    format!("{}{}", title("The right database"), block(&body))
}

fn comment_in_block(text: &str) -> String {
    comment(text)
        .lines()
        .map(|line| format!("    {line}\n"))
        .collect()
}

/// The lock that `up` takes too.
pub(super) fn lock(ground: &Ground<'_>) -> String {
    let key = crate::lock::key(ground.table());
    let told = block(&format!(
        "DECLARE\n    \
             holder text;\n\
         BEGIN\n    \
             SELECT format(': held by %s (pid %s, from %s, connected since %s, %s)', name, pid, client, since, doing)\n    \
             INTO holder\n    \
             FROM ({}) AS holders (pid, name, client, since, doing);\n    \
             RAISE EXCEPTION USING\n        \
                 MESSAGE = 'another run holds the migration lock' || coalesce(holder, '') || '; nothing was done',\n        \
                 HINT = 'run the file again when the other run is done';\n\
         END",
        Holder::question(key)
    ));
    format!(
        "{}{}\
         SELECT pg_try_advisory_lock({key}) AS dsentr_locked \\gset\n\
         \\if :dsentr_locked\n\
         \\else\n\
         {told}\
         \\endif\n",
        title("The migration lock, until this session ends"),
        comment(
            "It is asked for once. A wait inside of the server would hold a snapshot, for which a CREATE INDEX CONCURRENTLY of \
             whoever has the lock would wait for ever."
        ),
    )
}

/// What was applied must be what this file knows; whether there is anything to do.
pub(super) fn history(ground: &Ground<'_>) -> String {
    let Ground {
        journey, history, ..
    } = ground;
    let there = format!("to_regclass({})", literal(history));
    format!(
        "{title}{judgement}\
         SELECT {there} IS NULL AS dsentr_absent \\gset\n\
         \\if :dsentr_absent\n\
         {create};\n\
         \\endif\n\
         SELECT count(*) = {count} AS dsentr_done, {count} - count(*) AS dsentr_count FROM {history}\n\
         WHERE {among} \\gset\n\
         \\if :dsentr_done\n\
         \\else\n\
         \\echo to apply: :dsentr_count\n\
         \\endif\n\
         \\set SHOW_CONTEXT errors\n",
        title = title("What was applied must be what this file knows"),
        judgement = judgement(ground, &there),
        create = create(history),
        count = journey.steps.len(),
        among = among(&journey.steps),
    )
}

/// As refinery makes it.
fn create(history: &str) -> String {
    format!(
        "CREATE TABLE IF NOT EXISTS {history} (\n    \
             version int8 PRIMARY KEY,\n    \
             name varchar(255),\n    \
             applied_on varchar(255),\n    \
             checksum varchar(255)\n\
         )"
    )
}

fn judgement(ground: &Ground<'_>, there: &str) -> String {
    let Ground {
        journey, history, ..
    } = ground;
    let known = journey.embedded.iter().map(|migration| {
        format!(
            "            ({}, {}, {}, {})",
            number(migration.version),
            literal(migration.stem),
            literal(migration.description),
            literal(&migration.checksum.to_string())
        )
    });
    let known: Vec<String> = known.collect();
    let last = journey.embedded.last();
    let last = last.map_or_else(String::new, |migration| number(migration.version));
    block(&format!(
        "DECLARE\n    \
             newest bigint;\n    \
             number bigint;\n    \
             list text;\n\
         BEGIN\n    \
             IF {there} IS NOT NULL THEN\n        \
                 SELECT max(version) INTO newest FROM {history};\n        \
                 WITH known (version, stem, name, checksum) AS (VALUES\n{known}\n        \
                 ),\n        \
                 told AS (\n            \
                     SELECT\n                \
                         coalesce(known.version, history.version) AS version,\n                \
                         coalesce(known.stem, {unknown} || coalesce('_' || history.name, '')) AS stem,\n                \
                         CASE\n                    \
                             WHEN history.version IS NULL THEN 'out of order'\n                    \
                             WHEN known.version IS NULL THEN 'unknown'\n                    \
                             ELSE 'divergent'\n                \
                         END AS state,\n                \
                         CASE\n                    \
                             WHEN history.version IS NULL THEN 'not applied, and older than ' || {newest} || ', which is'\n                    \
                             WHEN known.version IS NULL THEN 'applied, and not in this file'\n                    \
                             WHEN history.name IS NULL THEN 'applied, without a name in the history'\n                    \
                             WHEN history.name <> known.name THEN 'applied under the name \"' || history.name || '\"'\n                    \
                             WHEN history.checksum IS NULL THEN 'applied, without a checksum in the history'\n                    \
                             ELSE 'applied with checksum ' || history.checksum || ', here it is ' || known.checksum\n                \
                         END AS reason\n            \
                     FROM known FULL JOIN {history} AS history ON history.version = known.version\n            \
                     WHERE (history.version IS NULL AND known.version < newest)\n                \
                         OR (known.version IS NULL AND history.version <= {last})\n                \
                         OR (history.version = known.version AND (history.name, history.checksum)\n                    \
                             IS DISTINCT FROM (known.name, known.checksum))\n        \
                 )\n        \
                 SELECT\n            \
                     count(*),\n            \
                     string_agg(\n                \
                         concat(\n                    \
                             '  ', rpad(state, 14), rpad(stem, (SELECT max(length(stem)) FROM told)), '  ', reason\n                \
                         ),\n                \
                         chr(10) ORDER BY version\n            \
                     )\n        \
                 INTO number, list FROM told;\n        \
                 IF number > 0 THEN\n            \
                     RAISE EXCEPTION USING\n                \
                         MESSAGE = 'history and this file disagree on ' || number || ' migration'\n                    \
                             || CASE number WHEN 1 THEN '' ELSE 's' END || '; nothing was done' || chr(10) || list,\n                \
                         HINT = 'have a file made by the dsentr-migrate that was used here last, or by a newer one';\n        \
                 END IF;\n    \
             END IF;\n\
         {position}\
         END",
        known = known.join(",\n"),
        unknown = shown("history.version"),
        newest = shown("newest"),
        position = position(ground),
    ))
}

/// Whether the database is where the file begins.
fn position(ground: &Ground<'_>) -> String {
    let journey = ground.journey;
    let Start::At(start) = journey.start else {
        return String::new();
    };
    let (end, version) = (journey.end, shown("newest"));
    format!(
        "    IF newest IS DISTINCT FROM {from} AND newest IS DISTINCT FROM {to} THEN\n        \
             RAISE EXCEPTION USING\n            \
                 MESSAGE = 'the database is at ' || coalesce({version}, 'no version')\n                \
                     || ', and this file leads from {start} to {end}; nothing was done',\n            \
                 HINT = 'have a file made with a --from where the database is, or without one, which begins anywhere';\n    \
         END IF;\n",
        from = number(start),
        to = number(end),
    )
}
