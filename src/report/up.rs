//! What `up` says at its end: what it applied, and where the database stands.

use std::time::Duration;

use serde::Serialize;

use super::error::ErrorReport;
use super::migrations::{duration, millis};
use super::progress::DoneReport;
use super::verify::FoundReport;
use super::{Paint, Report, at, count};
use crate::connect::Target;
use crate::embedded::Migration;
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
    pub applied: Vec<DoneReport>,
    /// Newest version in the history at the end.
    pub position: Option<String>,
    /// How long applying took, in milliseconds.
    pub duration_ms: u64,
    /// What the operator should know although the run went on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// How the schema compares with the seals at the end, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verify: Option<FoundReport>,
    /// Why the run did not end as asked.
    pub error: Option<ErrorReport>,
    #[serde(skip)]
    remark: String,
}

impl UpReport {
    /// A run that did something, whether or not it came to its end.
    pub fn of(
        database: Target,
        applied: Vec<DoneReport>,
        position: Option<Version>,
        took: Duration,
        error: Option<ErrorReport>,
        verify: Option<FoundReport>,
    ) -> Self {
        let position = position.map(|version| version.to_string());
        let remark = match (&error, &verify) {
            // The error itself says what stays.
            (Some(_), None) => String::new(),
            _ => format!(
                "{} applied in {}; the database is at {}\n",
                count(applied.len(), "migration"),
                duration(took),
                at(position.as_deref())
            ),
        };
        Self {
            schema: SCHEMA,
            database,
            applied,
            position,
            duration_ms: millis(took),
            warnings: Vec::new(),
            verify,
            error,
            remark,
        }
    }

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
            warnings: Vec::new(),
            verify: None,
            error: None,
            remark,
        }
    }

    /// Adds what the operator should know.
    #[must_use]
    pub fn with_warning(self, warning: Option<&String>) -> Self {
        Self {
            warnings: warning.into_iter().cloned().collect(),
            ..self
        }
    }

    /// Adds how the schema compares with the seals.
    #[must_use]
    pub fn with(self, found: FoundReport) -> Self {
        Self {
            verify: Some(found),
            ..self
        }
    }
}

impl Report for UpReport {
    /// The list was written while it grew.
    fn text(&self, paint: Paint) -> String {
        let found = self.verify.as_ref().map(|found| found.text(paint));
        format!("{}{}", self.remark, found.unwrap_or_default())
    }
}
