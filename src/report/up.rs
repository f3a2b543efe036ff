//! What `up` says: a line a migration while it runs, and where the database stands at the end.

use std::time::Duration;

use serde::Serialize;

use super::error::ErrorReport;
use super::migrations::{duration, line, name_width};
use super::verify::FoundReport;
use super::voice::Voice;
use super::{Out, Paint, Report, at, count};
use crate::apply::{Moment, Observer};
use crate::connect::Target;
use crate::embedded::Migration;
use crate::log::clear_line;
use crate::plan::Plan;
use crate::source::Version;

/// Form and version of the JSON document.
const SCHEMA: &str = "dsentr-migrate/up/1";

/// The result of `up`.
#[derive(Debug, Serialize)]
pub struct UpReport {
    schema: &'static str,
    /// Which database.
    pub database: Target,
    /// What this run applied, in order.
    pub applied: Vec<AppliedReport>,
    /// Newest version in the history at the end.
    pub position: Option<String>,
    /// How long applying took, in milliseconds.
    pub duration_ms: u64,
    /// How the schema compares with the seals at the end, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verify: Option<FoundReport>,
    /// Why the run did not end as asked.
    pub error: Option<ErrorReport>,
    #[serde(skip)]
    remark: String,
}

/// One migration that this run applied.
#[derive(Debug, Clone, Serialize)]
pub struct AppliedReport {
    /// Its version.
    pub version: String,
    /// Its name.
    pub name: String,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}

impl UpReport {
    /// A run that found nothing to do.
    pub fn nothing(
        database: Target,
        plan: &Plan<'_>,
        target: Option<&Migration>,
        newest: Option<&Migration>,
    ) -> Self {
        let position = plan.position.map(|version| version.to_string());
        let at = at(position.as_deref());
        let past = target.filter(|target| plan.position > Some(target.version));
        let remark = match (past, newest) {
            (_, Some(newest)) if !plan.ahead.is_empty() => {
                format!(", ahead of this binary, which ends at {}", newest.version)
            }
            (Some(past), _) => format!(", past {}", past.version),
            _ => String::new(),
        };
        let remark = format!("nothing to do: the database is at {at}{remark}\n");
        Self {
            schema: SCHEMA,
            database,
            applied: Vec::new(),
            position,
            duration_ms: 0,
            verify: None,
            error: None,
            remark,
        }
    }

    /// Adds how the schema compares with the seals.
    pub fn found(&mut self, found: FoundReport, paint: Paint) {
        self.remark.push_str(&found.text(paint));
        self.verify = Some(found);
    }
}

impl Report for UpReport {
    /// The list was written while it grew.
    fn text(&self, _: Paint) -> String {
        self.remark.clone()
    }
}

/// Writes a line a migration, and keeps the list. What takes long is told on stderr.
pub struct Progress<'a> {
    out: &'a mut Out,
    voice: Voice,
    width: usize,
    applied: Vec<AppliedReport>,
}

impl<'a> Progress<'a> {
    /// For the steps of a plan.
    pub fn new(out: &'a mut Out, plan: &Plan<'_>) -> Self {
        Self {
            width: name_width(plan.steps.iter().map(|step| step.stem)),
            voice: Voice::new(out.format()),
            out,
            applied: Vec::new(),
        }
    }

    /// Where the results go, when there is nothing to report of the run itself.
    pub fn into_out(self) -> &'a mut Out {
        self.out
    }

    /// Writes the result of a run that did something, whether or not it came to its end.
    ///
    /// # Errors
    /// As [`Out::report`].
    pub fn report(
        self,
        database: Target,
        position: Option<Version>,
        took: Duration,
        error: Option<ErrorReport>,
        found: Option<FoundReport>,
    ) -> anyhow::Result<()> {
        let position = position.map(|version| version.to_string());
        let remark = match (&error, &found) {
            // The error itself says what stays.
            (Some(_), None) => String::new(),
            _ => format!(
                "{} applied in {}; the database is at {}\n",
                count(self.applied.len(), "migration"),
                duration(took),
                at(position.as_deref())
            ),
        };
        let mut report = UpReport {
            schema: SCHEMA,
            database,
            applied: self.applied,
            position,
            duration_ms: millis(took),
            verify: None,
            error,
            remark,
        };
        if let Some(found) = found {
            report.found(found, self.out.paint());
        }
        self.out.report(&report)
    }

    /// The line of the migration that failed.
    pub fn failed(&mut self, name: &str) {
        let painted = self.out.paint().bad("failed");
        self.say(&line("failed", &painted, name, self.width, ""));
    }

    /// What cannot be written must not stop a run that is under way.
    fn say(&mut self, text: &str) {
        clear_line();
        if let Err(error) = self.out.text(text) {
            tracing::warn!("{error:#}");
        }
    }
}

impl Observer for Progress<'_> {
    fn applied(&mut self, migration: &Migration, took: Duration) {
        let painted = self.out.paint().good("applied");
        let width = self.width;
        self.say(&line(
            "applied",
            &painted,
            migration.stem,
            width,
            &format!("{:>8}", duration(took)),
        ));
        self.applied.push(AppliedReport {
            version: migration.version.to_string(),
            name: migration.stem.to_owned(),
            duration_ms: millis(took),
        });
    }

    fn running(&mut self, moment: &Moment<'_>) {
        self.voice.tell(moment);
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
