//! A step in one transaction: forward in one flight, which the next one need not wait for; back in three round trips, since
//! the schema is looked at before COMMIT.

use std::borrow::Cow;
use std::fmt::Write as _;

use futures_util::TryStreamExt;
use tokio_postgres::{SimpleQueryMessage, SimpleQueryStream};

use super::SCHEMA;
use super::attend::Running;
use super::goal::Goal;
use super::limits::Limits;
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
        let sent = send(session, step, limits, None).await;
        sent.arrive(running).await?;
        running.is_at(None);
        reach(session, history, goal).await
    };
    or_roll_back(session, work.await).await
}

/// Sends a step forward, to its COMMIT. The history row goes first, as on the way back.
pub(super) async fn forward(session: &Session, step: &Step<'_>, limits: &Limits) -> Sent {
    send(session, step, limits, Some("COMMIT")).await
}

/// Commits, if the schema is as sealed.
pub(super) async fn reach(
    session: &Session,
    history: &HistoryTable,
    goal: &Goal<'_>,
) -> Result<(), Broken> {
    let missed = goal.missed(session, history).await;
    let missed = missed.map_err(Broken::framed)?;
    if !missed.is_empty() {
        return Err(Broken::Differs(missed));
    }
    let commit = session.client.batch_execute("COMMIT").await;
    commit.map_err(Broken::framed)
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

/// The messages of a step, which are on their way, and whose answers are not read yet.
pub(super) struct Sent {
    answers: Vec<(
        Option<usize>,
        Result<SimpleQueryStream, tokio_postgres::Error>,
    )>,
    /// How much was sent.
    pub(super) bytes: usize,
}

/// Everything is sent before the first answer is read. After a statement that failed the server refuses the rest, and
/// turns COMMIT into ROLLBACK.
async fn send(session: &Session, step: &Step<'_>, limits: &Limits, closing: Option<&str>) -> Sent {
    let opening = opening(session, limits, step);
    let statements = (0..step.count()).map(|nth| (Some(nth), within(step.statement(nth)).into()));
    let messages = std::iter::once((None, Cow::from(opening)))
        .chain(statements)
        .chain(closing.map(|closing| (None, closing.into())));
    let mut sent = Sent {
        answers: Vec::with_capacity(step.count() + 2),
        bytes: 0,
    };
    for (statement, message) in messages {
        sent.bytes += message.len();
        // Waits for nothing: until the server takes it, it is kept here.
        let answer = session.client.simple_query_raw(&message).await;
        sent.answers.push((statement, answer));
    }
    sent
}

/// A statement that is done in a transaction or not at all. A request to cancel may arrive before the server has come to
/// BEGIN; what was sent behind it would be done one by one then, each for good. A savepoint is refused outside of a
/// transaction, and with it what stands in the same message.
fn within(statement: &str) -> String {
    format!("{statement}\n;SAVEPOINT {SAVEPOINT};RELEASE SAVEPOINT {SAVEPOINT}")
}

/// Set and released at once.
const SAVEPOINT: &str = "dsentr_migrate";

impl Sent {
    /// Reads the answers to their end. The first error is the step's; those behind it are its consequences.
    pub(super) async fn arrive(self, running: &Running<'_>) -> Result<(), Broken> {
        let mut result = Ok(());
        for (statement, answer) in self.answers {
            // Behind an error the server is at none of the rest.
            if result.is_ok() {
                running.is_at(statement);
            }
            let read = match answer {
                Ok(answer) => read(answer, running).await,
                Err(error) => Err(error),
            };
            if let (Err(error), Ok(())) = (read, &result) {
                result = Err(Broken::At { statement, error });
            }
        }
        result
    }
}

/// Reads an answer to its end.
async fn read(
    answer: SimpleQueryStream,
    running: &Running<'_>,
) -> Result<(), tokio_postgres::Error> {
    let mut answer = std::pin::pin!(answer);
    while let Some(message) = answer.try_next().await? {
        if let SimpleQueryMessage::Row(row) = message
            && let Ok(Some(process)) = row.try_get(PROCESS)
        {
            running.is_served_by(process);
        }
    }
    Ok(())
}

/// The column of [`opening`] that names the server's process.
const PROCESS: &str = "dsentr_migrate_process";

/// What comes before the statements.
fn opening(session: &Session, limits: &Limits, step: &Step<'_>) -> String {
    let mut text = frame(limits);
    if !limits.is_direct {
        let _ = writeln!(
            text,
            "SELECT pg_catalog.pg_backend_pid() AS {PROCESS};\n{}",
            session.protection(true)
        );
    }
    let guard = step.guard.as_deref().unwrap_or_default();
    let _ = write!(text, "{}{guard}{};", step.commit.setting(), step.row);
    text
}

/// Opens a transaction. `SET LOCAL` alone: a session setting would leak to the next client of a pooler.
pub(super) fn frame(limits: &Limits) -> String {
    // The history row meets that of another runner as a duplicate key, or as gone, not as a serialization failure. And a
    // limit that the role or the database has for the application's queries is not meant for us.
    format!(
        "BEGIN ISOLATION LEVEL READ COMMITTED;\nSET LOCAL search_path TO {SCHEMA};\n{}",
        set_limits(limits)
    )
}

/// The statements that set limits for a transaction.
pub(super) fn set_limits(limits: &Limits) -> String {
    format!(
        "SET LOCAL statement_timeout TO {};\nSET LOCAL lock_timeout TO {};\n",
        limits.statement_timeout.as_millis(),
        limits.lock_timeout.as_millis(),
    )
}
