//! Takes the steps of a plan, forward or back. The only module that changes a database; what has to be there before,
//! `bootstrap` makes.
//!
//! On the way forward refinery runs the steps, computes the checksums and writes the history rows; it knows no way back,
//! which is ours. How a step reaches the server is decided in `runner`, for both.

mod adopt;
mod attend;
mod back;
mod course;
mod failure;
mod forward;
mod goal;
mod ledger;
mod limits;
mod locate;
mod look;
mod message;
mod one_by_one;
mod rebuild;
mod remains;
mod residue;
mod runner;
mod step;
mod transaction;
mod tries;
mod untracked;
mod watch;

use std::time::Duration;

use refinery::Target;
use time::OffsetDateTime;

pub use self::adopt::{Record, Recorded, record};
pub use self::back::{roll_back, transcript};
pub use self::course::Course;
pub use self::failure::{Cause, Failure, Left, Reach, Standing};
use self::forward::Forward;
pub use self::goal::Goal;
pub use self::ledger::is_under_way;
pub(crate) use self::ledger::make_ledger;
#[cfg(feature = "authoring")]
pub(crate) use self::locate::locate_in;
pub use self::look::{claimed, differing, elsewhere, live};
pub use self::rebuild::{Rebuild, free_name};
pub(crate) use self::residue::{INDEX_IN_PROGRESS, LEFT_BY_REINDEX};
use self::runner::{Runner, Stop};
use self::step::Leg;
pub(crate) use self::step::removal;
pub use self::step::{Accepted, Task};
pub(crate) use self::untracked::sealed_tables;
pub use self::watch::{Advance, Look};
use crate::config::Settings;
use crate::connect::Session;
use crate::embedded::{Migration, Mode, Way};
use crate::error::Error;
use crate::history::{History, Row};
use crate::lock::Held;
use crate::plan::Plan;

/// Schema in which the embedded migrations make their objects; `search_path` is pinned to it.
pub const SCHEMA: &str = "public";

/// Is told what happens, while it happens.
pub trait Observer: Send {
    /// A migration is applied, or taken back, and that is committed.
    fn done(&mut self, migration: &Migration, duration: Duration);

    /// The server was lost, and may have lost a migration that it had committed: whether it has, comes next, or never.
    fn unsure(&mut self, _migration: &Migration) {}

    /// It has; it will be applied again.
    fn gone(&mut self, _migration: &Migration) {}

    /// A statement takes long: told about once a second, from its first second on.
    fn running(&mut self, moment: &Moment<'_>);
}

/// A statement that takes long, at one moment.
#[derive(Debug, Clone, Copy)]
pub struct Moment<'a> {
    /// Its migration.
    pub migration: &'a Migration,
    /// Its direction.
    pub way: Way,
    /// How many statements there are.
    pub statements: usize,
    /// Which of them.
    pub at: At,
    /// How long it has been running.
    pub elapsed: Duration,
    /// What a look from a second connection showed; none where there was none.
    pub look: Option<&'a Look>,
}

/// What of a step the server is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// A statement of its file, counted from 0.
    Statement(usize),
    /// What frames them.
    Frame,
    /// One or the other: all of it is one message, and the server tells at its end.
    Unknown,
}

impl From<Option<usize>> for At {
    fn from(statement: Option<usize>) -> Self {
        statement.map_or(Self::Frame, Self::Statement)
    }
}

/// How [`apply`] or [`roll_back`] ended, when nothing failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// All steps are taken.
    AtTarget,
    /// Another runner took a step first. The rest of the plan is void: read the history again.
    Overtaken,
}

/// How many files refinery is given at once. It copies them, and compares each with each.
const FILES: usize = 64;

/// Applies the steps of `plan`, each with its history row in one transaction. Those that may go together are sent without
/// waiting for one another.
///
/// # Errors
/// [`Error::Migration`] when a step does not come to its end; the steps before it stay, and the observer knows them.
/// [`Error::Lost`] when the connection ended: `course` knows what may have been committed all the same.
pub async fn apply(
    session: &Session,
    held: &Held<'_>,
    embedded: &[Migration],
    history: &History,
    plan: &Plan<'_>,
    course: &mut Course<'_>,
) -> Result<Ended, Error> {
    let Some(last) = plan.steps.last() else {
        return Ok(Ended::AtTarget);
    };
    let table = course.table().qualified();
    let runner = Runner::new(session, held, course);
    let mut forward = Forward::new(runner, embedded, history, &plan.steps);
    let mut result = Ok(());
    let mut rows = history.rows.chunks(FILES);
    for files in embedded.chunks(FILES) {
        if result.is_err()
            || files
                .first()
                .is_some_and(|first| first.version > last.version)
        {
            break;
        }
        forward.is_told(applied_rows(files, rows.next().unwrap_or_default())?);
        let mut refinery = refinery::Runner::new(&refinery_migrations(files)?)
            .set_target(Target::Version(last.version.as_i64()));
        refinery.set_migration_table_name(&table);
        // It holds the whole way of a step, and would make every caller as large.
        result = Box::pin(refinery.run_async(&mut forward)).await.map(drop);
    }
    match (forward.finish().await, result) {
        (Some(Stop::Overtaken), _) => Ok(Ended::Overtaken),
        (Some(Stop::Failed(error)), _) => Err(error),
        (None, Err(error)) => Err(anyhow::Error::new(error)
            .context("refinery refused the plan")
            .into()),
        (None, Ok(())) => Ok(Ended::AtTarget),
    }
}

/// What is sent before a migration's statements, to a session of our own.
pub(crate) fn opening(settings: &Settings, migration: &Migration, way: Way) -> String {
    let leg = Leg::new(migration, way, None);
    let limits = limits::limits(settings, &leg, true);
    match leg.script.mode {
        Mode::Transaction => transaction::frame(&limits),
        Mode::NoTransaction => one_by_one::settings(&limits),
    }
}

/// refinery is given everything, not the steps alone: its own comparison of files and history
/// stands behind ours.
///
/// Made from its serialised form, since its constructor takes a file name apart with a regular expression: the crate
/// `regex` would be in the binary for that alone, a tenth of it. The build has taken the name apart and computed the
/// checksum.
fn refinery_migrations(embedded: &[Migration]) -> anyhow::Result<Vec<refinery::Migration>> {
    embedded
        .iter()
        .map(|migration| {
            Ok(serde_json::from_value(serde_json::json!({
                "state": "Unapplied",
                "name": migration.description,
                "checksum": migration.checksum,
                "version": migration.version.as_i64(),
                "prefix": "Versioned",
                "sql": migration.forward_sql(),
                "applied_on": null,
            }))?)
        })
        .collect()
}

/// The history as refinery sees it. It never looks at the time; ours may not even parse.
fn applied_rows(embedded: &[Migration], rows: &[Row]) -> anyhow::Result<Vec<refinery::Migration>> {
    rows.iter()
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

#[cfg(test)]
mod tests {
    use super::refinery_migrations;
    use crate::embedded::MIGRATIONS;

    #[test]
    fn a_migration_is_the_one_that_refinery_makes_of_the_file() {
        let made = refinery_migrations(MIGRATIONS).expect("refinery reads them");
        for (made, migration) in made.iter().zip(MIGRATIONS) {
            let name = format!("V{}__{}", migration.version.as_i64(), migration.description);
            let stock = refinery::Migration::unapplied(&name, migration.forward_sql());
            assert_eq!(
                format!("{made:?}"),
                format!("{:?}", stock.expect("a name of its kind"))
            );
        }
    }
}
