//! A step in one transaction: forward in one flight, which the next one need not wait for; back in three round trips, since
//! the schema is looked at before COMMIT.

use super::At;
use super::attend::Running;
use super::goal::Goal;
use super::limits::{Limits, column, statements};
use super::message::{Message, Packing, Sent, messages};
use super::remains;
use super::step::Step;
use crate::config::HistoryTable;
use crate::connect::Session;
use crate::schema::Difference;

/// What stopped a step.
#[derive(Debug)]
pub(super) enum Broken {
    /// The server refused something, or the connection ended.
    At {
        /// The statement of the file that the server was at; none where it was at what frames them.
        statement: Option<usize>,
        /// How many characters stood before it in the text that was sent.
        before: u32,
        /// What the server said, or how the connection ended.
        error: tokio_postgres::Error,
    },
    /// The statements are done, and the schema is not as sealed.
    Differs(Vec<Difference>),
}

impl Broken {
    /// At what frames the statements.
    pub(super) fn framed(error: tokio_postgres::Error) -> Self {
        Self::At {
            statement: None,
            before: 0,
            error,
        }
    }
}

/// Runs all statements of a way back, and takes the history row away. The row goes first: where two runners meet, it lets
/// one of them through, before anything else is done twice.
pub(super) async fn back(
    session: &Session,
    history: &HistoryTable,
    step: &Step<'_>,
    goal: &Goal<'_>,
    limits: &Limits,
    running: &Running<'_>,
) -> Result<(), Broken> {
    let work = async {
        let sent = send(session, step, limits, &[], Packing::Apart).await;
        sent.arrive(running).await?;
        running.is_at(At::Frame);
        reach(session, history, goal, limits).await
    };
    or_roll_back(session, work.await).await
}

/// Sends a step forward, to its COMMIT. The history row goes first, as on the way back.
pub(super) async fn forward(
    session: &Session,
    step: &Step<'_>,
    limits: &Limits,
    packing: Packing,
) -> Sent {
    send(session, step, limits, &remains::commit(limits), packing).await
}

/// Everything is sent before the first answer is read.
async fn send(
    session: &Session,
    step: &Step<'_>,
    limits: &Limits,
    closing: &[String],
    packing: Packing,
) -> Sent {
    let opening = opening(session, limits, step);
    Sent::new(session, messages(opening, step, closing, packing), packing).await
}

/// Commits, if the schema is as sealed.
pub(super) async fn reach(
    session: &Session,
    history: &HistoryTable,
    goal: &Goal<'_>,
    limits: &Limits,
) -> Result<(), Broken> {
    let missed = goal.missed(session, history).await;
    let missed = missed.map_err(Broken::framed)?;
    if !missed.is_empty() {
        return Err(Broken::Differs(missed));
    }
    let commit = remains::commit(limits).join("; ");
    let committed = session.client.batch_execute(&commit).await;
    committed.map_err(Broken::framed)
}

/// Ends the transaction of what was broken. Where the connection is gone, so is the transaction.
pub(super) async fn or_roll_back(
    session: &Session,
    result: Result<(), Broken>,
) -> Result<(), Broken> {
    if result.is_err() {
        let _ = session.client.batch_execute("ROLLBACK").await;
    }
    result
}

/// The column of [`opening`] that names the server's process.
pub(super) const PROCESS: &str = "dsentr_migrate_process";

/// What comes before the statements.
fn opening(session: &Session, limits: &Limits, step: &Step<'_>) -> Message {
    let mut message = Message::titled(step.leg.migration.stem);
    message.push(None, BEGIN);
    if limits.is_direct {
        // What is noted there is gone when the session is reset.
        if !step.guard.columns.is_empty() {
            message.push(None, &format!("SELECT {}", step.guard.columns.join(", ")));
        }
        for reset in remains::before_a_step() {
            message.push(None, reset);
        }
        message.push(None, &session.settings());
    } else {
        let process = format!("SELECT pg_catalog.pg_backend_pid() AS {PROCESS}");
        message.push(None, &process);
        for statement in session.protection() {
            message.push(None, &statement);
        }
    }
    message.push(None, &setting(limits, step));
    if let Some(query) = &step.guard.query {
        message.push(None, query);
    }
    message.push(None, &step.row);
    message
}

/// One command for all that is set: each costs the server about as much as this.
fn setting(limits: &Limits, step: &Step<'_>) -> String {
    let mut columns = Vec::new();
    columns.extend(step.guard.note.clone());
    columns.extend(limits.settings().map(column));
    columns.extend(step.commit.column());
    format!("SELECT {}", columns.join(", "))
}

/// The history row meets that of another runner as a duplicate key, or as gone, not as a serialization failure.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";

/// Opens a transaction in a session that nobody has prepared.
pub(super) fn frame_in(session: &Session, limits: &Limits) -> String {
    let protection: String = session
        .protection()
        .iter()
        .map(|statement| format!("{statement};\n"))
        .collect();
    let limits = statements("SET LOCAL", limits.settings());
    format!("{BEGIN};\n{protection}{limits}")
}

/// Opens a transaction. `SET LOCAL` alone: a session setting would leak to the next client of a pooler.
pub(super) fn frame(limits: &Limits) -> String {
    format!("{BEGIN};\n{}", statements("SET LOCAL", limits.settings()))
}
