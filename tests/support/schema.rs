//! Migrations on a live database without the runtime: applied and rolled back.

use dsentr_migrate::embedded::{MIGRATIONS, Migration};

use super::server::Session;

/// All migrations of the executable, oldest first.
pub(crate) fn migrations() -> &'static [Migration] {
    MIGRATIONS
}

/// Runs a migration's forward part or its rollback in one transaction; a failure leaves nothing of it.
pub(crate) async fn run(session: &Session, sql: &str) -> Result<(), String> {
    let transaction = format!("BEGIN; SET LOCAL search_path TO public;\n{sql}\n; COMMIT");
    let outcome = session.try_batch(&transaction).await;
    if outcome.is_err() {
        session.batch("ROLLBACK").await;
    }
    outcome
}

/// Applies a migration that is expected to succeed.
pub(crate) async fn apply(session: &Session, migration: &Migration) {
    if let Err(error) = run(session, migration.forward_sql()).await {
        panic!("{} fails: {error}", migration.stem);
    }
}

/// A migration, and all before it.
pub(crate) fn up_to(stem: &str) -> (&'static [Migration], &'static Migration) {
    let place = migrations()
        .iter()
        .position(|migration| migration.stem == stem);
    let place = place.unwrap_or_else(|| panic!("there is no migration {stem}"));
    (&migrations()[..place], &migrations()[place])
}

/// Adds the rows that an application writes at the version of a migration: those of `tests/fixtures/rows`, if any.
pub(crate) async fn fill(session: &Session, migration: &Migration) {
    let path = format!("tests/fixtures/rows/{}.sql", migration.stem);
    let Ok(rows) = std::fs::read_to_string(&path) else {
        return;
    };
    if let Err(error) = run(session, &rows).await {
        panic!("{path}: {error}");
    }
}

/// Takes all migrations back, newest first. What declares that there is nothing to undo is passed over.
pub(crate) async fn roll_back_all(session: &Session) {
    for migration in migrations().iter().rev() {
        let Some(rollback) = migration.rollback_sql() else {
            continue;
        };
        if let Err(error) = run(session, &rollback).await {
            panic!("the rollback of {} fails: {error}", migration.stem);
        }
    }
}
