//! refinery's traits on our session: how its statements reach the server.
//!
//! refinery calls `execute` once with the statement that makes the history table, then once a
//! step with (forward part, INSERT of the history row). Each step becomes one message.

use std::fmt::{self, Write as _};
use std::time::Instant;

use futures_util::TryStreamExt;
use refinery_core::traits::r#async::{AsyncMigrate, AsyncQuery, AsyncTransaction};
use tokio_postgres::SimpleQueryMessage;
use tracing::Instrument;

use super::failure::{Failure, Left, Progress};
use super::locate::{Sent, locate};
use super::{Observer, SCHEMA};
use crate::config::HistoryTable;
use crate::connect::Session;
use crate::embedded::{Migration, Mode};
use crate::error::Error;
use crate::history::History;
use crate::server_error::{ServerError, describe};
use crate::source::Span;

/// What refinery gets to see of an error; the error itself is kept beside it.
#[derive(Debug)]
pub(super) struct Failed;

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the step failed")
    }
}

impl std::error::Error for Failed {}

/// Why refinery was stopped.
pub(super) enum Stop {
    /// Another runner applied the step first.
    Overtaken,
    /// Something is wrong.
    Failed(Error),
}

impl From<anyhow::Error> for Stop {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// SQLSTATE of a key that is there already.
const UNIQUE_VIOLATION: &str = "23505";

/// Carries out what refinery asks for.
pub(super) struct Runner<'a> {
    session: &'a Session,
    table: &'a HistoryTable,
    /// What refinery is told when it asks for the history, which was read before.
    applied: Vec<refinery::Migration>,
    has_history: bool,
    steps: std::slice::Iter<'a, &'a Migration>,
    progress: Progress,
    observer: &'a mut dyn Observer,
    stop: Option<Stop>,
}

impl<'a> Runner<'a> {
    pub(super) fn new(
        session: &'a Session,
        table: &'a HistoryTable,
        applied: Vec<refinery::Migration>,
        history: &History,
        steps: &'a [&'a Migration],
        observer: &'a mut dyn Observer,
    ) -> Self {
        let progress = Progress {
            applied: 0,
            position: history.position(),
        };
        Self {
            session,
            table,
            applied,
            has_history: history.exists,
            steps: steps.iter(),
            progress,
            observer,
            stop: None,
        }
    }

    /// Why a call ended with [`Failed`].
    pub(super) fn take_stop(&mut self) -> Option<Stop> {
        self.stop.take()
    }

    async fn create_history(&mut self, sql: &str) -> Result<(), Stop> {
        // CREATE TABLE IF NOT EXISTS fails for a role without CREATE on the schema even where
        // the table is there.
        if self.has_history {
            return Ok(());
        }
        let result = self.session.client.batch_execute(sql).await;
        result.map_err(|error| {
            anyhow::anyhow!("the history table cannot be made: {}", describe(&error)).into()
        })
    }

    async fn step(&mut self, forward: &str, insert: &str) -> Result<(), Stop> {
        let Some(migration) = self.steps.next() else {
            return Err(
                anyhow::anyhow!("refinery asked for a step that is not in the plan").into(),
            );
        };
        let span = tracing::info_span!("migration", version = %migration.version, description = migration.description, duration_ms = tracing::field::Empty);
        async {
            let start = Instant::now();
            match migration.mode {
                Mode::Transaction => self.in_transaction(migration, forward, insert).await?,
                Mode::NoTransaction => self.one_by_one(migration, insert).await?,
            }
            let duration = start.elapsed();
            tracing::Span::current().record(
                "duration_ms",
                u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
            );
            tracing::info!("applied");
            self.progress = Progress {
                applied: self.progress.applied + 1,
                position: Some(migration.version),
            };
            self.observer.applied(migration, duration);
            Ok(())
        }
        .instrument(span)
        .await
    }

    /// Everything in one message. The history row goes first: where two runners meet, its
    /// primary key lets one of them through, before anything else is done twice.
    async fn in_transaction(
        &mut self,
        migration: &Migration,
        forward: &str,
        insert: &str,
    ) -> Result<(), Stop> {
        let prefix = prefix(insert);
        // The newline ends a comment in the last line of the file.
        let message = format!("{prefix}{forward}\n;COMMIT");
        let (completed, error) = self.send(&message).await;
        let Some(error) = error else { return Ok(()) };
        self.roll_back().await;
        let sent = Sent {
            before: prefix.chars().count(),
            start: 0,
        };
        let statement = completed
            .checked_sub(PREFIX_STATEMENTS)
            .filter(|statement| *statement < migration.statements.len());
        Err(
            self.judge(migration, &error, Left::Nothing, statement, |server| {
                locate(migration, sent, statement, server)
            }),
        )
    }

    /// Statements that refuse to run in a transaction, each in a message of its own.
    async fn one_by_one(&mut self, migration: &Migration, insert: &str) -> Result<(), Stop> {
        let text = migration.text();
        for (done, statement) in migration.statements.iter().enumerate() {
            let sql = &text[statement.range()];
            if let Err(error) = self.session.client.batch_execute(sql).await {
                let sent = Sent {
                    before: 0,
                    start: statement.range().start,
                };
                let place = |server: &ServerError| locate(migration, sent, Some(done), server);
                let left = Left::Statements(done);
                return Err(self.judge(migration, &error, left, Some(done), place));
            }
        }
        let result = self.session.client.batch_execute(insert).await;
        let left = Left::Statements(migration.statements.len());
        result.map_err(|error| self.judge(migration, &error, left, None, |_| None))
    }

    /// What an error means: another runner was faster, or the migration failed.
    fn judge(
        &self,
        migration: &Migration,
        error: &tokio_postgres::Error,
        left: Left,
        statement: Option<usize>,
        place: impl FnOnce(&ServerError) -> Option<Span>,
    ) -> Stop {
        let server = ServerError::find(error);
        if server
            .as_ref()
            .is_some_and(|server| self.is_overtaken(server))
        {
            tracing::info!("another runner applied it first");
            return Stop::Overtaken;
        }
        let place = server.as_ref().and_then(place);
        Stop::Failed(Failure::new(migration, self.progress, error, place, statement, left).into())
    }

    /// The key of the history is there already. A migration of its own never writes there.
    fn is_overtaken(&self, error: &ServerError) -> bool {
        let table = error.table.as_ref();
        error.code == UNIQUE_VIOLATION
            && table.is_some_and(|(schema, name)| {
                *schema == self.table.schema && *name == self.table.table
            })
    }

    /// Sends one message; how many of its statements were completed, and what stopped the next.
    async fn send(&mut self, message: &str) -> (usize, Option<tokio_postgres::Error>) {
        let stream = match self.session.client.simple_query_raw(message).await {
            Ok(stream) => stream,
            Err(error) => return (0, Some(error)),
        };
        let mut stream = std::pin::pin!(stream);
        let mut completed = 0;
        loop {
            match stream.try_next().await {
                Ok(Some(SimpleQueryMessage::CommandComplete(_))) => completed += 1,
                Ok(Some(_)) => {}
                Ok(None) => return (completed, None),
                Err(error) => return (completed, Some(error)),
            }
        }
    }

    async fn roll_back(&mut self) {
        if let Err(error) = self.session.client.batch_execute("ROLLBACK").await {
            // The connection is gone, and the transaction with it.
            tracing::debug!(error = describe(&error), "no ROLLBACK");
        }
    }
}

/// Statements before the first of the file, as [`prefix`] writes them.
const PREFIX_STATEMENTS: usize = 4;

/// `SET LOCAL` alone: a session setting would leak to the next client of a pooler.
fn prefix(insert: &str) -> String {
    // The history row meets that of another runner as a duplicate key, not as a serialization failure.
    let mut text = String::from("BEGIN ISOLATION LEVEL READ COMMITTED;\n");
    let _ = writeln!(text, "SET LOCAL search_path TO {SCHEMA};");
    // A limit that the role or the database has for the application's queries is not meant for us.
    text.push_str("SET LOCAL statement_timeout TO 0;\n");
    let _ = writeln!(text, "{insert};");
    text
}

impl AsyncTransaction for Runner<'_> {
    type Error = Failed;

    async fn execute<'a, T: Iterator<Item = &'a str> + Send + 'a>(
        &'a mut self,
        queries: T,
    ) -> Result<usize, Failed> {
        let queries: Vec<&str> = queries.collect();
        let result = match queries.as_slice() {
            [create_table] => self.create_history(create_table).await,
            [forward, insert] => self.step(forward, insert).await,
            _ => Err(anyhow::anyhow!("refinery sent {} statements at once", queries.len()).into()),
        };
        result.map(|()| queries.len()).map_err(|error| {
            self.stop = Some(error);
            Failed
        })
    }
}

impl AsyncQuery<Vec<refinery::Migration>> for Runner<'_> {
    async fn query(&mut self, _query: &str) -> Result<Vec<refinery::Migration>, Failed> {
        Ok(std::mem::take(&mut self.applied))
    }
}

impl AsyncMigrate for Runner<'_> {}
