//! What `rollback` says at its end: what it took back, and where the database stands; or what it would do.

use std::time::Duration;

use serde::Serialize;

use super::error::ErrorReport;
use super::migrations::{duration, millis};
use super::progress::DoneReport;
use super::{Paint, Report, at, count};
use crate::connect::Target;
use crate::embedded::Rollback;
use crate::plan::{BackStep, RollbackPlan};
use crate::source::Version;

/// Form and version of the JSON document.
const SCHEMA: &str = "dsentr-migrate/rollback/1";

/// Form and version of the JSON document with `--dry-run`.
const DRY_RUN_SCHEMA: &str = "dsentr-migrate/rollback-dry-run/1";

/// The result of `rollback`.
#[derive(Debug, Serialize)]
pub struct RollbackReport {
    schema: &'static str,
    /// Which database.
    pub database: Target,
    /// What this run took back, in order: newest first.
    pub rolled_back: Vec<DoneReport>,
    /// Newest version in the history at the end.
    pub position: Option<String>,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// Why the run did not end as asked.
    pub error: Option<ErrorReport>,
    #[serde(skip)]
    remark: String,
}

impl RollbackReport {
    /// A run that did something, whether or not it came to its end.
    pub fn of(
        database: Target,
        rolled_back: Vec<DoneReport>,
        position: Option<Version>,
        took: Duration,
        error: Option<ErrorReport>,
    ) -> Self {
        let position = position.map(|version| version.to_string());
        let remark = match &error {
            // The error itself says what stays.
            Some(_) => String::new(),
            None => format!(
                "{} rolled back in {}; the database is at {}\n",
                count(rolled_back.len(), "migration"),
                duration(took),
                at(position.as_deref())
            ),
        };
        Self {
            schema: SCHEMA,
            database,
            rolled_back,
            position,
            duration_ms: millis(took),
            error,
            remark,
        }
    }

    /// A run that found nothing to do.
    pub fn nothing(database: Target, position: Option<Version>) -> Self {
        Self {
            remark: nothing(position),
            ..Self::of(database, Vec::new(), position, Duration::ZERO, None)
        }
    }
}

fn nothing(position: Option<Version>) -> String {
    let position = position.map(|version| version.to_string());
    let at = at(position.as_deref());
    format!("nothing to do: the database is at {at}\n")
}

impl Report for RollbackReport {
    /// The list was written while it grew.
    fn text(&self, _: Paint) -> String {
        self.remark.clone()
    }
}

/// The result of `rollback --dry-run`. Its text is SQL, with everything else in comments.
#[derive(Debug, Serialize)]
pub struct DryRunReport {
    schema: &'static str,
    /// Which database.
    pub database: Target,
    /// Newest version in the history.
    pub position: Option<String>,
    /// Where the rollback would end; none is before the first.
    pub to: Option<String>,
    /// What would be taken back, newest first.
    pub steps: Vec<BackStepReport>,
    /// Why it would not be begun.
    pub error: Option<ErrorReport>,
    #[serde(skip)]
    remark: String,
}

/// One migration that would be taken back.
#[derive(Debug, Serialize)]
pub struct BackStepReport {
    /// Its version.
    pub version: String,
    /// Its name.
    pub name: String,
    /// What is destroyed, in the words of the file.
    pub data_loss: &'static [&'static str],
    /// Why there is no way back, or nothing to undo.
    pub reason: Option<&'static str>,
    /// What would be sent.
    pub sql: String,
}

impl DryRunReport {
    /// Of a plan, with what each of its steps sends.
    pub fn new(
        database: Target,
        plan: &RollbackPlan<'_>,
        sql: impl Fn(&BackStep<'_>) -> String,
        error: Option<ErrorReport>,
    ) -> Self {
        let steps = plan
            .steps
            .iter()
            .map(|step| BackStepReport::new(step, sql(step)));
        let words = |version: Option<Version>| version.map(|version| version.to_string());
        let (position, to) = (words(plan.position), words(plan.to));
        let remark = if plan.steps.is_empty() {
            format!("-- {}", nothing(plan.position))
        } else {
            format!(
                "-- {} to roll back: from {} to {}\n-- before each COMMIT the schema is compared with the seals, too\n",
                count(plan.steps.len(), "migration"),
                at(position.as_deref()),
                at(to.as_deref())
            )
        };
        Self {
            schema: DRY_RUN_SCHEMA,
            database,
            position,
            to,
            steps: steps.collect(),
            error,
            remark,
        }
    }
}

impl BackStepReport {
    fn new(step: &BackStep<'_>, sql: String) -> Self {
        let (data_loss, reason, sql) = match step.migration.rollback {
            Rollback::Sql { data_loss, .. } => (data_loss, None, sql),
            Rollback::NothingToUndo { reason } => (&[][..], Some(reason), sql),
            Rollback::Irreversible { reason } => (&[][..], Some(reason), String::new()),
        };
        Self {
            version: step.migration.version.to_string(),
            name: step.migration.stem.to_owned(),
            data_loss,
            reason,
            sql,
        }
    }

    fn text(&self) -> String {
        let mut text = format!("\n-- {}\n", self.name);
        let losses = self.data_loss.iter().map(|loss| ("data loss", loss));
        let kind = if self.sql.is_empty() {
            "irreversible"
        } else {
            "nothing to undo"
        };
        let reason = self.reason.iter().map(|reason| (kind, reason));
        for (kind, words) in losses.chain(reason) {
            text.push_str(&format!("-- {kind}: {words}\n"));
        }
        text + &self.sql
    }
}

impl Report for DryRunReport {
    /// Which database was written first of all.
    fn text(&self, _: Paint) -> String {
        let steps = self.steps.iter().map(BackStepReport::text);
        let steps = steps.collect::<String>();
        format!("{}{steps}", self.remark)
    }
}
