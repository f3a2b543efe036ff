//! What `plan` says: the steps that `up` would take, and the way back of each.

use serde::Serialize;

use super::migrations::{line, name_width};
use super::{Paint, Report, at, count};
use crate::connect::Target;
use crate::embedded::{Migration, Mode, Rollback};
use crate::plan::Plan;

/// Form and version of the JSON document.
const SCHEMA: &str = "dsentr-migrate/plan/1";

/// The result of `plan`.
#[derive(Debug, Serialize)]
pub struct PlanReport {
    schema: &'static str,
    /// Which database.
    pub database: Target,
    /// Newest version in the history.
    pub position: Option<String>,
    /// What `up` would do, in order.
    pub steps: Vec<StepReport>,
}

/// One step.
#[derive(Debug, Serialize)]
pub struct StepReport {
    /// Its version.
    pub version: String,
    /// Its name.
    pub name: String,
    /// How many statements it has.
    pub statements: usize,
    /// Whether it is one transaction.
    pub transaction: bool,
    /// Its way back.
    pub rollback: RollbackReport,
    /// Why a second run of it would fail.
    pub not_rerunnable: Option<&'static str>,
}

/// The way back of a step.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum RollbackReport {
    /// There is one.
    Sql {
        /// What it destroys, or cannot bring back.
        data_loss: &'static [&'static str],
    },
    /// There is none.
    Irreversible {
        /// Why.
        reason: &'static str,
    },
    /// None is needed.
    NothingToUndo {
        /// Why.
        reason: &'static str,
    },
}

impl PlanReport {
    /// Puts a plan into a report.
    pub fn new(database: Target, plan: &Plan<'_>) -> Self {
        Self {
            schema: SCHEMA,
            database,
            position: plan.position.map(|version| version.to_string()),
            steps: plan
                .steps
                .iter()
                .map(|step| StepReport::new(step))
                .collect(),
        }
    }
}

impl StepReport {
    fn new(step: &Migration) -> Self {
        Self {
            version: step.version.to_string(),
            name: step.stem.to_owned(),
            statements: step.statements.len(),
            transaction: step.mode == Mode::Transaction,
            rollback: match step.rollback {
                Rollback::Sql { data_loss, .. } => RollbackReport::Sql { data_loss },
                Rollback::Irreversible { reason } => RollbackReport::Irreversible { reason },
                Rollback::NothingToUndo { reason } => RollbackReport::NothingToUndo { reason },
            },
            not_rerunnable: step.not_rerunnable,
        }
    }

    fn text(&self, width: usize, paint: Paint) -> String {
        let mode = if self.transaction {
            "one transaction"
        } else {
            "without a transaction"
        };
        let mut rest = format!("{}, {mode}", count(self.statements, "statement"));
        match &self.rollback {
            RollbackReport::Sql { .. } => {}
            RollbackReport::Irreversible { .. } => rest.push_str(", irreversible"),
            RollbackReport::NothingToUndo { .. } => rest.push_str(", nothing to undo"),
        }
        let mut text = line("up", &paint.note("up"), &self.name, width, &rest);
        match &self.rollback {
            RollbackReport::Sql { data_loss } => {
                for loss in *data_loss {
                    text.push_str(&format!("                data loss: {loss}\n"));
                }
            }
            RollbackReport::Irreversible { reason } | RollbackReport::NothingToUndo { reason } => {
                text.push_str(&format!("                {reason}\n"));
            }
        }
        text
    }
}

impl Report for PlanReport {
    fn text(&self, paint: Paint) -> String {
        let width = name_width(self.steps.iter().map(|step| step.name.as_str()));
        let mut text = format!("{}\n", self.database);
        for step in &self.steps {
            text.push_str(&step.text(width, paint));
        }
        let at = at(self.position.as_deref());
        match self.steps.last() {
            Some(last) => text.push_str(&format!(
                "{} to apply: from {at} to {}\n",
                count(self.steps.len(), "migration"),
                last.version
            )),
            None => text.push_str(&format!("nothing to do: the database is at {at}\n")),
        }
        text
    }
}
