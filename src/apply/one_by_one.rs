//! A step whose statements refuse to run in a transaction: one by one, each remembered in the ledger.

use super::At;
use super::attend::Running;
use super::ledger::Ledger;
use super::limits::{Limits, statements};
use super::remains;
use super::residue::{self, Next};
use super::step::Step;
use super::transaction::Broken;
use crate::config::HistoryTable;
use crate::connect::Session;
use crate::lock::Held;

/// How far it has come, for whoever asks after it was cut off.
#[derive(Default)]
pub(super) struct Done {
    /// How many of its first statements are done.
    pub(super) statements: usize,
    /// How many of them this run has done.
    pub(super) here: usize,
}

/// Runs what is not done yet, and writes the history row or takes it away. Only for the one who holds the migration lock.
pub(super) async fn run(
    session: &Session,
    held: &Held<'_>,
    history: &HistoryTable,
    step: &Step<'_>,
    limits: &Limits,
    running: &Running<'_>,
    done: &mut Done,
) -> Result<(), Broken> {
    prepare(session, limits).await.map_err(Broken::framed)?;
    let ledger = Ledger::open(session, history).await;
    let ledger = ledger.map_err(Broken::framed)?;
    let begun = ledger.read(step).await.map_err(Broken::framed)?;
    done.statements = begun.done;
    for statement in begun.done..step.count() {
        running.is_at(At::Statement(statement));
        let was_begun = begun.was_begun && statement == begun.done;
        let at = |error| Broken::At {
            statement: Some(statement),
            before: 0,
            error,
        };
        held.confirm().await.map_err(at)?;
        let result = one(session, &ledger, step, statement, was_begun).await;
        result.map_err(at)?;
        done.statements = statement + 1;
        done.here += 1;
    }
    running.is_at(At::Frame);
    held.confirm().await.map_err(Broken::framed)?;
    ledger.finish(step).await.map_err(Broken::framed)?;
    ledger.close(history, step, limits).await
}

/// A session of our own can be told what each transaction is told elsewhere. Behind a pooler the settings of role and
/// database hold.
async fn prepare(session: &Session, limits: &Limits) -> Result<(), tokio_postgres::Error> {
    if !limits.is_direct {
        return Ok(());
    }
    let sql = format!("{}; {}", remains::all(session), settings(limits));
    session.client.batch_execute(&sql).await
}

/// What is set in a session of our own.
pub(super) fn settings(limits: &Limits) -> String {
    statements("SET", limits.settings())
}

async fn one(
    session: &Session,
    ledger: &Ledger<'_>,
    step: &Step<'_>,
    statement: usize,
    mut was_begun: bool,
) -> Result<(), tokio_postgres::Error> {
    loop {
        let finishing;
        let sql = match residue::clear(session, step, statement, was_begun).await? {
            Next::Skip => return Ok(()),
            Next::Run => step.statement(statement),
            Next::Finish(instead) => {
                finishing = instead;
                &finishing
            }
        };
        ledger.begin(step, statement).await?;
        session.client.batch_execute(sql).await?;
        if residue::is_done(session, step, statement).await? {
            return Ok(());
        }
        was_begun = true;
    }
}
