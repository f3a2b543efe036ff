//! A migration in one transaction and one round trip.

use std::fmt::Write as _;
use std::time::Duration;

use futures_util::TryStreamExt;
use tokio_postgres::{SimpleQueryMessage, SimpleQueryStream};

use super::SCHEMA;
use super::attend::Running;
use crate::connect::Session;
use crate::embedded::Migration;

/// What stopped a migration.
#[derive(Debug)]
pub(super) struct Broken {
    /// The statement of the file that the server was at; none where it was at what frames them.
    pub(super) statement: Option<usize>,
    /// What the server said, or how the connection ended.
    pub(super) error: tokio_postgres::Error,
}

/// What is to be applied.
#[derive(Clone, Copy)]
pub(super) struct Step<'a> {
    pub(super) migration: &'a Migration,
    /// The statement that writes its history row, as refinery made it.
    pub(super) insert: &'a str,
}

/// What holds in the transaction.
pub(super) struct Limits {
    /// For one table lock.
    pub(super) lock_timeout: Duration,
    /// For one statement.
    pub(super) statement_timeout: Duration,
    /// Whether the session is ours, with all that was set in it.
    pub(super) is_direct: bool,
}

impl Limits {
    /// When it is looked who is in the way, at the latest: before a try is given up.
    pub(super) fn first_look(&self) -> Duration {
        match self.lock_timeout {
            Duration::ZERO => Duration::MAX,
            limit => limit / 2,
        }
    }
}

/// Runs all statements and writes the history row. The row goes first: where two runners meet, its primary key lets one
/// of them through, before anything else is done twice.
///
/// Everything is sent before the first answer is read. After a statement that failed the server refuses the rest, and
/// turns COMMIT into ROLLBACK.
pub(super) async fn run(
    session: &Session,
    Step { migration, insert }: Step<'_>,
    limits: &Limits,
    running: &Running<'_>,
) -> Result<(), Broken> {
    let opening = opening(session, limits, insert);
    let count = migration.statements.len();
    let statements = (0..count).map(|nth| (Some(nth), migration.statement(nth)));
    let messages = std::iter::once((None, opening.as_str()))
        .chain(statements)
        .chain(std::iter::once((None, "COMMIT")));
    let mut answers = Vec::with_capacity(count + 2);
    for (statement, message) in messages {
        answers.push((statement, session.client.simple_query_raw(message).await));
    }
    let mut result = Ok(());
    for (statement, answer) in answers {
        // Behind an error the server is at none of the rest.
        if result.is_ok() {
            running.is_at(statement);
        }
        let read = match answer {
            Ok(answer) => read(answer, running).await,
            Err(error) => Err(error),
        };
        // The errors behind the first one are its consequences.
        if let (Err(error), Ok(())) = (read, &result) {
            result = Err(Broken { statement, error });
        }
    }
    result
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

/// `SET LOCAL` alone: a session setting would leak to the next client of a pooler.
fn opening(session: &Session, limits: &Limits, insert: &str) -> String {
    // The history row meets that of another runner as a duplicate key, not as a serialization failure.
    let mut text = String::from("BEGIN ISOLATION LEVEL READ COMMITTED;\n");
    // A limit that the role or the database has for the application's queries is not meant for us.
    let _ = writeln!(
        text,
        "SET LOCAL search_path TO {SCHEMA};\nSET LOCAL statement_timeout TO {};\nSET LOCAL lock_timeout TO {};",
        limits.statement_timeout.as_millis(),
        limits.lock_timeout.as_millis(),
    );
    if !limits.is_direct {
        let _ = writeln!(
            text,
            "SELECT pg_catalog.pg_backend_pid() AS {PROCESS};\n{}",
            session.protection(true)
        );
    }
    let _ = write!(text, "{insert};");
    text
}
