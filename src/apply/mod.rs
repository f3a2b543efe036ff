//! Applies the steps of a plan. The only module that changes a database.
//!
//! refinery runs the steps, computes the checksums and writes the history rows; how its
//! statements reach the server is decided in `runner`.

mod failure;
mod locate;
mod runner;

use std::time::Duration;

use refinery::Target;
use time::OffsetDateTime;

pub use self::failure::{Failure, Left};
use self::runner::{Runner, Stop};
use crate::config::HistoryTable;
use crate::connect::Session;
use crate::embedded::Migration;
use crate::error::Error;
use crate::history::History;
use crate::plan::Plan;

/// Schema in which the embedded migrations make their objects; `search_path` is pinned to it.
pub const SCHEMA: &str = "public";

/// Is told what happens, while it happens.
pub trait Observer: Send {
    /// A migration is applied and committed.
    fn applied(&mut self, migration: &Migration, duration: Duration);
}

/// How [`apply`] ended, when nothing failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// All steps are applied.
    AtTarget,
    /// Another runner applied a step first. The rest of the plan is void: read the history again.
    Overtaken,
}

/// Applies the steps of `plan`, each with its history row in one transaction and one round trip.
///
/// # Errors
/// [`Error::Migration`] when a step fails; the steps before it stay, and the observer knows them.
pub async fn apply(
    session: &Session,
    table: &HistoryTable,
    embedded: &[Migration],
    history: &History,
    plan: &Plan<'_>,
    observer: &mut dyn Observer,
) -> Result<Ended, Error> {
    let Some(last) = plan.steps.last() else {
        return Ok(Ended::AtTarget);
    };
    let applied = applied_rows(embedded, history)?;
    let mut runner = Runner::new(session, table, applied, history, &plan.steps, observer);
    let mut refinery = refinery::Runner::new(&refinery_migrations(embedded)?)
        .set_target(Target::Version(last.version.as_i64()));
    refinery.set_migration_table_name(table.qualified());
    let result = refinery.run_async(&mut runner).await;
    match (runner.take_stop(), result) {
        (Some(Stop::Overtaken), _) => Ok(Ended::Overtaken),
        (Some(Stop::Failed(error)), _) => Err(error),
        (None, Err(error)) => Err(anyhow::Error::new(error)
            .context("refinery refused the plan")
            .into()),
        (None, Ok(_)) => Ok(Ended::AtTarget),
    }
}

/// refinery is given everything, not the steps alone: its own comparison of files and history
/// stands behind ours.
fn refinery_migrations(embedded: &[Migration]) -> anyhow::Result<Vec<refinery::Migration>> {
    embedded
        .iter()
        .map(|migration| {
            Ok(refinery::Migration::unapplied(
                &refinery_name(migration),
                migration.forward_sql(),
            )?)
        })
        .collect()
}

/// The file name that stock refinery would give it.
pub fn refinery_name(migration: &Migration) -> String {
    format!("V{}__{}", migration.version.as_i64(), migration.description)
}

/// The history as refinery sees it. It never looks at the time; ours may not even parse.
fn applied_rows(
    embedded: &[Migration],
    history: &History,
) -> anyhow::Result<Vec<refinery::Migration>> {
    history
        .rows
        .iter()
        .zip(embedded)
        .map(|(row, migration)| {
            anyhow::ensure!(
                row.version == migration.version,
                "the plan does not belong to this history"
            );
            Ok(refinery::Migration::applied(
                row.version.as_i64(),
                migration.description.to_owned(),
                OffsetDateTime::UNIX_EPOCH,
                migration.checksum,
            ))
        })
        .collect()
}
