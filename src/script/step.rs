//! A migration in the file: skipped where the history has it, else one transaction with its history row.

use super::frame::{number, title};
use super::quoted::{dollars, literal};
use super::{Ground, one_by_one};
use crate::apply::{SCHEMA, table_lock_timeout};
use crate::embedded::{Migration, Mode};

/// One migration.
pub(super) fn step(ground: &Ground<'_>, migration: &Migration) -> String {
    let work = match migration.mode {
        Mode::Transaction => in_transaction(ground, migration),
        Mode::NoTransaction => one_by_one::run(ground, migration),
    };
    format!(
        "{}\
         SELECT NOT EXISTS (SELECT FROM {} WHERE version = {}) AS dsentr_pending \\gset\n\
         \\if :dsentr_pending\n\
         \\echo applies {}\n\
         {work}\
         \\endif\n",
        title(&migration.path()),
        ground.history,
        number(migration.version),
        migration.stem,
    )
}

fn in_transaction(ground: &Ground<'_>, migration: &Migration) -> String {
    format!(
        "BEGIN ISOLATION LEVEL READ COMMITTED;\n\
         {}\
         {}\
         SELECT {} \\gexec\n\
         COMMIT;\n",
        limits(ground, migration, "SET LOCAL"),
        insert(ground, migration),
        dollars(migration.text())
    )
}

/// What holds while the statements run.
pub(super) fn limits(ground: &Ground<'_>, migration: &Migration, set: &str) -> String {
    let settings = ground.settings;
    format!(
        "{set} search_path TO {SCHEMA};\n{set} statement_timeout TO {};\n{set} lock_timeout TO {};\n",
        settings.statement.timeout.0.as_millis(),
        table_lock_timeout(settings, migration).as_millis()
    )
}

/// Writes the history row as refinery does, with the time of the server.
pub(super) fn insert(ground: &Ground<'_>, migration: &Migration) -> String {
    format!(
        "INSERT INTO {} (version, name, applied_on, checksum) VALUES (\n    \
             {}, {}, to_char(timezone('UTC', clock_timestamp()), \
             'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), {}\n\
         );\n",
        ground.history,
        number(migration.version),
        literal(migration.description),
        literal(&migration.checksum.to_string())
    )
}
