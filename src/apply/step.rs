//! A step: what is sent of a migration, in one direction, and what has to be true before it is committed.

use std::borrow::Cow;
use std::fmt;

use super::goal::Goal;
use super::limits::column;
use crate::config::HistoryTable;
use crate::embedded::{Migration, Script, Way};
use crate::plan::BackStep;
use crate::schema::literal;
use crate::server_error::ServerError;
use crate::source::Version;

/// What a run was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// To apply what is pending.
    Up,
    /// To take back what is newer than a version; everything, where there is none.
    Rollback {
        /// That version. It stays.
        to: Option<Version>,
        /// What was accepted with it.
        accepted: Accepted,
    },
}

impl Task {
    /// The direction of its steps.
    pub fn way(self) -> Way {
        match self {
            Self::Up => Way::Forward,
            Self::Rollback { .. } => Way::Back,
        }
    }
}

impl fmt::Display for Task {
    /// Prints the arguments that ask for it, whatever was done meanwhile: `--steps` counts from where the database is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Up => f.write_str("up"),
            Self::Rollback {
                to: Some(to),
                accepted,
            } => write!(f, "rollback --to {to}{accepted}"),
            Self::Rollback { to: None, accepted } => write!(f, "rollback --to 0{accepted}"),
        }
    }
}

/// What a rollback is let do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Accepted {
    /// To destroy data.
    pub data_loss: bool,
    /// To start from a schema that is not as sealed.
    pub drift: bool,
}

impl fmt::Display for Accepted {
    /// Prints its arguments, each behind a blank.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.data_loss {
            f.write_str(" --accept-data-loss")?;
        }
        if self.drift {
            f.write_str(" --accept-drift")?;
        }
        Ok(())
    }
}

/// What is to be done of a migration.
pub(super) struct Step<'a> {
    pub(super) leg: Leg,
    /// What refuses it where the history is not as the step before left it; on the way back [`removal`] does so.
    pub(super) guard: Guard,
    /// The statement that writes its history row, or takes it away.
    pub(super) row: Cow<'a, str>,
    pub(super) kind: Kind<'a>,
    pub(super) commit: Commit,
}

/// Whether a COMMIT waits until it is on the server's disk.
///
/// It need not where another one that does so follows: a migration and its history row are committed together, and the
/// server's log is written in order, so that a crash takes away the last ones, whole, and the next run applies them again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Commit {
    /// It does what server, database and role say.
    AsConfigured,
    /// It does, at least for this server's own disk.
    Waits,
    /// It does not.
    GoesOn,
}

impl Commit {
    /// What sets it in a transaction, as a column of a SELECT.
    pub(super) fn column(self) -> Option<String> {
        match self {
            Self::AsConfigured => None,
            Self::Waits => Some(WAITS.to_owned()),
            Self::GoesOn => Some(column(("synchronous_commit", "off".to_owned()))),
        }
    }
}

/// Has a COMMIT wait at least for this server's own disk; for more, where that is configured.
pub(super) const WAITS: &str = "pg_catalog.set_config('synchronous_commit', \
    pg_catalog.replace(pg_catalog.current_setting('synchronous_commit'), 'off', 'local'), true)";

/// The part of a step that is known whatever becomes of it.
#[derive(Clone)]
pub(super) struct Leg {
    pub(super) migration: Migration,
    pub(super) way: Way,
    pub(super) script: Script,
    /// Where the database stands afterwards.
    pub(super) ends_at: Option<Version>,
}

/// What differs between the directions.
#[derive(Clone, Copy)]
pub(super) enum Kind<'a> {
    /// The migration is applied.
    Forward,
    /// It is taken back.
    Back {
        /// When it had been applied, as its row says.
        applied_on: Option<&'a str>,
        /// What the schema must be before anything is committed.
        goal: &'a Goal<'a>,
    },
}

impl<'a> Step<'a> {
    /// Applies a migration.
    pub(super) fn forward(
        migration: &Migration,
        insert: &str,
        guard: Guard,
        commit: Commit,
    ) -> Self {
        Self {
            leg: Leg::new(migration, Way::Forward, Some(migration.version)),
            guard,
            row: insert.to_owned().into(),
            kind: Kind::Forward,
            commit,
        }
    }

    /// Takes a migration back.
    pub(super) fn back(step: &BackStep<'a>, history: &HistoryTable, goal: &'a Goal<'a>) -> Self {
        Self {
            leg: Leg::back(step),
            guard: Guard::default(),
            row: removal(step.migration, history).into(),
            kind: Kind::Back {
                applied_on: step.row.applied_on.as_deref(),
                goal,
            },
            commit: Commit::AsConfigured,
        }
    }

    /// How many statements it has.
    pub(super) fn count(&self) -> usize {
        self.leg.script.statements.len()
    }

    pub(super) fn statement(&self, nth: usize) -> &str {
        self.leg.script.statement(nth)
    }
}

impl Leg {
    pub(super) fn back(step: &BackStep<'_>) -> Self {
        Self::new(step.migration, Way::Back, step.to)
    }

    pub(super) fn new(migration: &Migration, way: Way, ends_at: Option<Version>) -> Self {
        Self {
            migration: *migration,
            way,
            script: migration.script(way),
            ends_at,
        }
    }
}

/// Fails where the newest row of the history is another one than it should be.
#[derive(Default)]
pub(super) struct Guard {
    /// Columns of a SELECT that takes no table lock. Only for a session of our own.
    pub(super) columns: Vec<String>,
    /// The column that notes the newest row, for the guard of the next step.
    pub(super) note: Option<String>,
    /// A SELECT of its own. It takes a table lock, so that the limit for that has to be set before.
    pub(super) query: Option<String>,
}

/// The newest row of a history, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Newest {
    /// It was read, or there is none. Its time is not compared: somebody else may have written it by hand.
    Read(Option<Version>),
    /// An INSERT of refinery writes it: its version and its time.
    Written(String),
    /// The same, and the session remembers it.
    Noted(String),
}

impl Newest {
    /// The one that an INSERT of refinery writes; `is_noted` where the session remembers it.
    pub(super) fn written(version: Version, insert: &str, is_noted: bool) -> Self {
        // VALUES (version, 'name', 'applied_on', 'checksum'), behind a name that may have quotes of its own.
        let applied_on = insert.rsplit('\'').nth(3).unwrap_or_default();
        let row = format!("{} {applied_on}", version.as_i64());
        if is_noted {
            Self::Noted(row)
        } else {
            Self::Written(row)
        }
    }

    /// Fails where the newest row is another one, and notes that it will be `next`.
    ///
    /// Steps are sent before it is known what became of those before them. Where one has failed, its transaction is over
    /// with its COMMIT, and the server would go on with the next: this is what stops it, and all that follow. It also
    /// stops a step that a pooler gives to a server which has lost the one before in a crash.
    pub(super) fn guard(&self, next: &Self, history: &HistoryTable) -> Guard {
        let mut guard = match self {
            Self::Read(None) => Guard::reading(history, "version::text", "NULL"),
            Self::Read(Some(version)) => {
                let version = literal(&version.as_i64().to_string());
                Guard::reading(history, "version::text", &version)
            }
            Self::Written(row) => {
                Guard::reading(history, "version || ' ' || applied_on", &literal(row))
            }
            Self::Noted(row) => {
                let found = format!("pg_catalog.current_setting('{NOTE}', true)");
                Guard {
                    columns: vec![check(&found, &literal(row))],
                    ..Guard::default()
                }
            }
        };
        if let Self::Noted(row) = next {
            let row = literal(row);
            guard.note = Some(format!("pg_catalog.set_config('{NOTE}', {row}, false)"));
        }
        guard
    }
}

impl Guard {
    fn reading(history: &HistoryTable, row: &str, expected: &str) -> Self {
        let table = history.qualified();
        let found = format!("(SELECT {row} FROM {table} ORDER BY version DESC LIMIT 1)");
        Self {
            query: Some(format!("SELECT {}", check(&found, expected))),
            ..Self::default()
        }
    }
}

/// The server cannot work out the cast before it knows what is found. No language and no function is needed for it.
fn check(found: &str, expected: &str) -> String {
    format!(
        "CAST(CASE WHEN {found} IS DISTINCT FROM {expected} THEN '{NOT_AS_LEFT}' END AS integer)"
    )
}

/// In a session of our own the newest row that it has written is noted in this setting, which is cheaper to read than the
/// table. It goes the way of its transaction: after a ROLLBACK it is what it was before.
const NOTE: &str = "dsentr_migrate.newest";

/// What the server quotes when a guard fails, in whatever language it says the rest.
const NOT_AS_LEFT: &str = "the history is not as the step before left it";

/// `invalid_text_representation`
const INVALID_TEXT: &str = "22P02";

/// Whether an error is that of a guard.
pub(super) fn is_guard(error: &ServerError) -> bool {
    error.code == INVALID_TEXT && error.message.contains(NOT_AS_LEFT)
}

/// The SQLSTATE of [`removal`], in a class that PostgreSQL leaves to others.
pub(super) const NOT_AS_IT_WAS: &str = "DM001";

/// Takes a history row away, or fails. The server refuses what was sent behind it where another runner was faster.
pub(crate) fn removal(migration: &Migration, history: &HistoryTable) -> String {
    let (table, checksum) = (history.qualified(), migration.checksum);
    let number = migration.version.as_i64();
    format!(
        "DO $removal$\n\
         DECLARE\n    \
             removed bigint;\n\
         BEGIN\n    \
             DELETE FROM {table} WHERE version = {number} AND checksum = '{checksum}';\n    \
             GET DIAGNOSTICS removed = ROW_COUNT;\n    \
             IF removed <> 1 THEN\n        \
                 RAISE EXCEPTION 'version {number} is not in the history as it was' USING ERRCODE = '{NOT_AS_IT_WAS}';\n    \
             END IF;\n\
         END\n\
         $removal$"
    )
}
