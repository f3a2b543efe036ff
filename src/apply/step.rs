//! A step: what is sent of a migration, in one direction, and what has to be true before it is committed.

use std::borrow::Cow;
use std::fmt;

use super::goal::Goal;
use crate::config::HistoryTable;
use crate::embedded::{Migration, Script, Way};
use crate::plan::BackStep;
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
    /// The statement that writes its history row, or takes it away.
    pub(super) row: Cow<'a, str>,
    pub(super) kind: Kind<'a>,
}

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
    pub(super) fn forward(migration: &Migration, insert: &'a str) -> Self {
        Self {
            leg: Leg::new(migration, Way::Forward, Some(migration.version)),
            row: insert.into(),
            kind: Kind::Forward,
        }
    }

    /// Takes a migration back.
    pub(super) fn back(step: &BackStep<'a>, history: &HistoryTable, goal: &'a Goal<'a>) -> Self {
        Self {
            leg: Leg::back(step),
            row: removal(step.migration, history).into(),
            kind: Kind::Back {
                applied_on: step.row.applied_on.as_deref(),
                goal,
            },
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

    fn new(migration: &Migration, way: Way, ends_at: Option<Version>) -> Self {
        Self {
            migration: *migration,
            way,
            script: migration.script(way),
            ends_at,
        }
    }
}

/// The SQLSTATE of [`removal`], in a class that PostgreSQL leaves to others.
pub(super) const NOT_AS_IT_WAS: &str = "DM001";

/// Takes a history row away, or fails. The server refuses what was sent behind it where another runner was faster.
pub(super) fn removal(migration: &Migration, history: &HistoryTable) -> String {
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
