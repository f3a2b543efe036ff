//! SQL out of a file, sent statement by statement, so that an error has a place in that file.

use super::failure::Failure;
use super::session::Session;
use crate::apply::{SCHEMA, locate_in};
use crate::server_error::{ServerError, describe};
use crate::source::{Excerpt, Note, Span};

/// The statements of one direction of a migration, or those of a file with rows.
#[derive(Clone, Debug)]
pub(super) struct Script {
    /// The file, as its reader can open it.
    pub(super) path: String,
    /// What is in the file, each byte in its place.
    pub(super) shown: String,
    /// The same as it is sent: in a rollback block the comment markers are blank.
    pub(super) sent: String,
    /// Its statements.
    pub(super) statements: Vec<Span>,
}

/// A statement that failed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Broken {
    /// Which one; none for COMMIT.
    pub(super) statement: Option<usize>,
    /// What the server said; none where the connection was lost.
    pub(super) server: Option<Box<ServerError>>,
    /// The reason in one line.
    pub(super) reason: String,
}

impl Broken {
    pub(super) fn at(statement: Option<usize>, error: &tokio_postgres::Error) -> Self {
        Self {
            statement,
            server: ServerError::find(error).map(Box::new),
            reason: describe(error),
        }
    }

    /// Its SQLSTATE.
    pub(super) fn code(&self) -> &str {
        self.server.as_deref().map_or("", |server| &server.code)
    }
}

impl Script {
    /// One statement.
    pub(super) fn statement(&self, nth: usize) -> &str {
        self.statements[nth].slice(&self.sent)
    }

    /// Sends all statements, each by itself. In a transaction the first that fails takes all with it.
    pub(super) async fn run(&self, session: &Session) -> Result<(), Broken> {
        for nth in 0..self.statements.len() {
            let result = session.batch_execute(self.statement(nth)).await;
            result.map_err(|error| Broken::at(Some(nth), &error))?;
        }
        Ok(())
    }

    /// Sends all statements in a transaction that stays open, also where one of them fails.
    pub(super) async fn run_in_transaction(&self, session: &Session) -> Result<(), Broken> {
        begin(session)
            .await
            .map_err(|error| Broken::at(None, &error))?;
        self.run_within(session).await
    }

    /// Sends all statements in the open transaction, and has checked what it would check at its end.
    pub(super) async fn run_within(&self, session: &Session) -> Result<(), Broken> {
        self.run(session).await?;
        let checked = session.batch_execute("SET CONSTRAINTS ALL IMMEDIATE").await;
        checked.map_err(|error| Broken::at(None, &error))
    }

    /// As the product would show it.
    pub(super) fn failure(&self, title: String, broken: &Broken) -> Failure {
        let statement = broken.statement.map(|nth| self.statements[nth]);
        let server = broken.server.as_deref();
        let span = statement
            .zip(server)
            .and_then(|(statement, server)| locate_in(&self.sent, statement, server));
        let mut notes = Vec::new();
        if span.is_none() {
            notes.push(Note::new("server", &broken.reason));
        }
        let remarks = server.map(|server| [("detail", &server.detail), ("hint", &server.hint)]);
        for (kind, text) in remarks.into_iter().flatten() {
            notes.extend(text.as_ref().map(|text| Note::new(kind, text)));
        }
        let excerpt = Excerpt {
            title: &title,
            path: &self.path,
            text: &self.shown,
            span,
            label: if span.is_some() { &broken.reason } else { "" },
            notes: &notes,
        };
        let drawn = excerpt.render(false);
        // The title is put before it where all failures are shown.
        let body = drawn.split_once('\n').map_or("", |(_, body)| body);
        Failure::new(title).with(body.lines().map(str::to_owned))
    }
}

/// Opens a transaction as the product does.
pub(super) async fn begin(session: &Session) -> Result<(), tokio_postgres::Error> {
    let begin = format!("BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL search_path TO {SCHEMA}");
    session.batch_execute(&begin).await
}
