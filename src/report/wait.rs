//! What `wait` says: what is there now, or what is still missing.

use serde::Serialize;

use super::{Paint, Report, at, count};
use crate::connect::Target;
use crate::plan::Plan;

/// Form and version of the JSON document.
const SCHEMA: &str = "dsentr-migrate/wait/1";

/// The result of `wait`.
#[derive(Debug, Serialize)]
pub struct WaitReport {
    schema: &'static str,
    /// Which database.
    pub database: Target,
    /// How its schema stands; none where the server alone was waited for.
    pub reached: Option<Reached>,
}

/// How a schema stands.
#[derive(Debug, Serialize)]
pub struct Reached {
    /// Newest version in the history.
    pub position: Option<String>,
    /// How many migrations of this binary are pending.
    pub pending: usize,
}

impl WaitReport {
    /// The server answers.
    pub fn server(database: Target) -> Self {
        Self {
            schema: SCHEMA,
            database,
            reached: None,
        }
    }

    /// The schema has reached this binary, or not yet.
    pub fn schema(database: Target, plan: &Plan<'_>) -> Self {
        Self {
            schema: SCHEMA,
            database,
            reached: Some(Reached {
                position: plan.position.map(|version| version.to_string()),
                pending: plan.steps.len(),
            }),
        }
    }
}

impl Report for WaitReport {
    fn text(&self, _: Paint) -> String {
        let state = match &self.reached {
            None => "the server answers".to_owned(),
            Some(reached) => {
                let at = at(reached.position.as_deref());
                match reached.pending {
                    0 => format!("the database is at {at}: nothing is pending"),
                    pending => format!(
                        "the database is at {at}: {} pending",
                        count(pending, "migration")
                    ),
                }
            }
        };
        format!("{}\n{state}\n", self.database)
    }
}
