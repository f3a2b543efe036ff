//! What has to hold before anything is done: psql, the server, the migration lock, the history.

use super::frame::{comment, number, shown, title};
use super::journey::at;
use super::quoted::{block, literal, stop};
use super::{Ground, Start};
use crate::apply::{SCHEMA, sealed_tables};
use crate::connect::{BLIND_SYSTEMS, TIMEOUTS};
use crate::embedded::Way;
use crate::lock::Holder;

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
        TIMEOUTS.map(|(name, _)| literal(name)).join(", "),
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
    let (create, left, what) = match journey.way {
        Way::Forward => (create(history), "{all} - count(*)", "apply"),
        Way::Back => (String::new(), "count(*)", "take back"),
    };
    let left = left.replace("{all}", &journey.steps.len().to_string());
    let versions = journey.steps.iter().map(|step| number(step.version));
    let versions: Vec<String> = versions.collect();
    format!(
        "{}{}{create}\
         SELECT {left} AS dsentr_left, {left} = 0 AS dsentr_done FROM {history}\n    \
             WHERE version IN ({}) \\gset\n\
         \\if :dsentr_done\n\
         \\else\n\
         \\echo to {what}: :dsentr_left\n\
         \\endif\n\
         \\set SHOW_CONTEXT errors\n",
        title("What was applied must be what this file knows"),
        block(&judgement(ground)),
        versions.join(", "),
    )
}

/// As refinery makes it. CREATE TABLE IF NOT EXISTS would fail for a role without CREATE on the schema, even where the
/// table is there.
fn create(history: &str) -> String {
    format!(
        "SELECT to_regclass({}) IS NULL AS dsentr_absent \\gset\n\
         \\if :dsentr_absent\n\
         CREATE TABLE IF NOT EXISTS {history} (\n    \
             version int8 PRIMARY KEY,\n    \
             name varchar(255),\n    \
             applied_on varchar(255),\n    \
             checksum varchar(255)\n\
         );\n\
         \\endif\n",
        literal(history)
    )
}

/// The questions of `plan`, in PL/pgSQL.
fn judgement(ground: &Ground<'_>) -> String {
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
    // Forward, what is newer than everything here was applied by a newer binary. There is no way back from it.
    let last = match (journey.way, journey.embedded.last()) {
        (Way::Forward, Some(migration)) => migration.version.as_i64(),
        (Way::Forward, None) | (Way::Back, _) => i64::MAX,
    };
    let from = match journey.start {
        Start::Anywhere => "any version".to_owned(),
        Start::At(version) => version.to_string(),
    };
    [
        ("<there>", literal(history)),
        ("<known>", known.join(",\n")),
        ("<last>", last.to_string()),
        ("<shown unknown>", shown("history.version")),
        ("<shown newest>", shown("newest")),
        ("<fits>", fits(ground)),
        ("<untracked>", untracked(ground)),
        ("<from>", from),
        ("<to>", at(journey.end)),
        ("<history>", (*history).to_owned()),
    ]
    .iter()
    .fold(
        include_str!("history.sql").trim_end().to_owned(),
        |text, (mark, value)| text.replace(mark, value),
    )
}

/// What `up` asks of a database that it finds without a history. A file that begins at a version has no need of it.
fn untracked(ground: &Ground<'_>) -> String {
    let journey = ground.journey;
    if (journey.start, journey.way) != (Start::Anywhere, Way::Forward) {
        return String::new();
    }
    sealed_tables(journey.embedded).map_or_else(String::new, |sealed| {
        include_str!("untracked.sql")
            .replace("<sealed>", &sealed)
            .replace("<ledger>", &literal(&ground.table().ledger().qualified()))
    })
}

/// Whether the newest version in the history is one that the file may begin at, or its end.
fn fits(ground: &Ground<'_>) -> String {
    let journey = ground.journey;
    let end = journey.end.map_or_else(|| "NULL".to_owned(), number);
    match (journey.start, journey.way, journey.end) {
        (Start::At(start), ..) => format!(
            "(newest IS NOT DISTINCT FROM {} OR newest IS NOT DISTINCT FROM {end})",
            number(start)
        ),
        (Start::Anywhere, Way::Forward, _) => "true".to_owned(),
        (Start::Anywhere, Way::Back, None) => {
            format!("(to_regclass({}) IS NOT NULL)", literal(ground.history))
        }
        (Start::Anywhere, Way::Back, Some(_)) => format!("coalesce(newest >= {end}, false)"),
    }
}
