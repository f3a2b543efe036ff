//! The way back: newest first, each step with the removal of its history row.

use super::Ended;
use super::course::Course;
use super::goal::Goal;
use super::limits::limits;
use super::one_by_one::settings;
use super::runner::{Runner, Stop};
use super::step::{Leg, Step, removal};
use super::transaction::frame;
use crate::config::Settings;
use crate::connect::Session;
use crate::embedded::Mode;
use crate::error::Error;
use crate::lock::Held;
use crate::plan::BackStep;

/// Takes the steps, each to the goal beside it.
///
/// # Errors
/// As [`apply`](super::apply).
pub async fn roll_back(
    session: &Session,
    held: &Held<'_>,
    steps: &[(BackStep<'_>, Goal<'_>)],
    course: &mut Course<'_>,
) -> Result<Ended, Error> {
    let history = course.table();
    let mut runner = Runner::new(session, held, course);
    let mut ended = Ok(Ended::AtTarget);
    for (step, goal) in steps {
        // It is large, and would make every caller as large.
        match Box::pin(runner.step(Step::back(step, history, goal))).await {
            Ok(()) => {}
            Err(Stop::Overtaken) => {
                ended = Ok(Ended::Overtaken);
                break;
            }
            Err(Stop::Failed(error)) => {
                ended = Err(error);
                break;
            }
        }
    }
    runner.close().await;
    ended
}

/// What [`roll_back`] would send for a step, for people to read. Between the statements and COMMIT it also reads the
/// schema.
pub fn transcript(step: &BackStep<'_>, config: &Settings) -> String {
    let leg = Leg::back(step);
    let row = removal(step.migration, &config.history);
    let limits = limits(config, &leg, true);
    let script = &leg.script;
    let statements: String = (0..script.statements.len())
        .map(|nth| format!("{};\n", script.statement(nth)))
        .collect();
    match script.mode {
        Mode::Transaction => {
            let frame = frame(&limits);
            format!("{frame}{row};\n{statements}COMMIT;\n")
        }
        Mode::NoTransaction => format!(
            "{}{statements}\
             BEGIN ISOLATION LEVEL READ COMMITTED;\n{row};\nCOMMIT;\n",
            settings(&limits),
        ),
    }
}
