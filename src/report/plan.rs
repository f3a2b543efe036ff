//! What `plan` says: the steps that `up` would take, what each keeps the application from, and its way back.

use serde::{Serialize, Serializer};

use super::evidence::{AllowanceReport, SealReport, detail};
use super::migrations::{line, name_width};
use super::{Paint, Parts, Report, at, count};
use crate::connect::Target;
use crate::embedded::{Migration, Mode, Rollback};
use crate::plan::Plan;

/// Form and version of the JSON document.
const SCHEMA: &str = "dsentr-migrate/plan/1";

/// The result of `plan`.
#[derive(Debug, Serialize)]
pub struct PlanReport<'a> {
    schema: &'static str,
    /// Which database.
    pub database: Target,
    /// Newest version in the history.
    pub position: Option<String>,
    /// What `up` would do, in order.
    #[serde(serialize_with = "one_by_one")]
    pub steps: &'a [&'a Migration],
}

/// Each is gone when the next is made.
fn one_by_one<S: Serializer>(steps: &&[&Migration], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(steps.iter().map(|step| StepReport::new(step)))
}

/// One step.
#[derive(Debug, Serialize)]
struct StepReport {
    /// Its version.
    version: String,
    /// Its name.
    name: String,
    /// How many statements it has.
    statements: usize,
    /// Whether it is one transaction.
    transaction: bool,
    /// What it destroys, in the words of its author.
    data_loss: &'static [&'static str],
    /// Its way back.
    rollback: RollbackReport,
    /// Why a second run of it would fail.
    not_rerunnable: Option<&'static str>,
    /// The rules of the build that it is excused from.
    allowances: Vec<AllowanceReport>,
    /// What was proven of it; nothing where it is not sealed.
    seal: Option<SealReport>,
}

/// The way back of a step.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum RollbackReport {
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

impl<'a> PlanReport<'a> {
    /// Puts a plan into a report.
    pub fn new(database: Target, plan: &'a Plan<'_>) -> Self {
        Self {
            schema: SCHEMA,
            database,
            position: plan.position.map(|version| version.to_string()),
            steps: &plan.steps,
        }
    }

    /// What all of it comes to.
    fn sum(&self) -> String {
        let at = at(self.position.as_deref());
        match self.steps.last() {
            Some(last) => format!(
                "{} to apply: from {at} to {}\n",
                count(self.steps.len(), "migration"),
                last.version
            ),
            None => format!("nothing to do: the database is at {at}\n"),
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
            data_loss: step.data_loss,
            rollback: match step.rollback {
                Rollback::Sql { data_loss, .. } => RollbackReport::Sql { data_loss },
                Rollback::Irreversible { reason } => RollbackReport::Irreversible { reason },
                Rollback::NothingToUndo { reason } => RollbackReport::NothingToUndo { reason },
            },
            not_rerunnable: step.not_rerunnable,
            allowances: step.allowances.iter().map(AllowanceReport::from).collect(),
            seal: step.seal.map(SealReport::from),
        }
    }

    fn text(&self, width: usize, paint: Paint) -> String {
        let mode = if self.transaction {
            "one transaction"
        } else {
            "without a transaction"
        };
        let sealed = match self.seal {
            Some(_) => "",
            None => ", not sealed",
        };
        let rest = format!("{}, {mode}{sealed}", count(self.statements, "statement"));
        let mut text = line("up", &paint.note("up"), &self.name, width, &rest);
        if let Some(seal) = &self.seal {
            text += &seal.details(paint);
        }
        for loss in self.data_loss {
            text += &detail("destroys", loss, Paint::bad, paint);
        }
        text += &self.way_back(paint);
        for AllowanceReport { rule, reason } in &self.allowances {
            text += &detail("allowed", &format!("{rule}: {reason}"), Paint::note, paint);
        }
        text
    }

    fn way_back(&self, paint: Paint) -> String {
        let line = |way: &str, color| detail("way back", way, color, paint);
        match &self.rollback {
            RollbackReport::Sql { data_loss } => {
                let losses = data_loss
                    .iter()
                    .map(|loss| detail("way back destroys", loss, Paint::bad, paint));
                let proven = match &self.seal {
                    Some(seal) => line(&format!("proven on {}", seal.servers()), Paint::good),
                    None => line("not proven", Paint::note),
                };
                std::iter::once(proven).chain(losses).collect()
            }
            RollbackReport::Irreversible { reason } => line(&format!("none: {reason}"), Paint::bad),
            RollbackReport::NothingToUndo { reason } => {
                line(&format!("nothing to undo: {reason}"), Paint::good)
            }
        }
    }
}

impl Report for PlanReport<'_> {
    fn text(&self, paint: Paint) -> String {
        self.parts(paint).collect()
    }

    fn parts(&self, paint: Paint) -> Parts<'_> {
        let width = name_width(self.steps.iter().map(|step| step.stem));
        let steps = self.steps.iter();
        let steps = steps.map(move |step| StepReport::new(step).text(width, paint));
        let head = std::iter::once_with(|| format!("{}\n", self.database));
        let sum = std::iter::once_with(|| self.sum());
        Box::new(head.chain(steps).chain(sum))
    }
}
