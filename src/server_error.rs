//! What the server said, in full. It decides nothing.

use std::fmt;

use serde::Serialize;
use tokio_postgres::error::{DbError, ErrorPosition};

/// `insufficient_privilege`
pub(crate) const INSUFFICIENT_PRIVILEGE: &str = "42501";

/// An error as PostgreSQL reported it.
///
/// Fields as in <https://www.postgresql.org/docs/18/protocol-error-fields.html>.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServerError {
    /// SQLSTATE, five characters.
    pub code: String,
    /// The primary message.
    pub message: String,
    /// More about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The call stack of PL/pgSQL and the like, innermost first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// Schema and name of the table that it is about.
    #[serde(skip)]
    pub table: Option<(String, String)>,
    /// Where in the text that was sent.
    #[serde(skip)]
    pub position: Option<Position>,
}

/// Where an error is. Counts characters from 1, as the server does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Position {
    /// In the text that was sent.
    Sent(u32),
    /// In a query that the server made itself, for example inside a function.
    Internal {
        /// Where in `query`.
        position: u32,
        /// The query.
        query: String,
    },
}

impl ServerError {
    /// Finds the server's error in the chain of a client's; none where the server said nothing.
    pub fn find(error: &tokio_postgres::Error) -> Option<Self> {
        error.as_db_error().map(Self::from)
    }

    /// The same, with a place in the text that was sent behind so many other characters.
    pub(crate) fn behind(mut self, characters: u32) -> Self {
        if let Some(Position::Sent(position)) = &mut self.position {
            *position = position.saturating_sub(characters);
        }
        self
    }
}

impl From<&DbError> for ServerError {
    fn from(error: &DbError) -> Self {
        Self {
            code: error.code().code().to_owned(),
            message: error.message().to_owned(),
            detail: error.detail().map(str::to_owned),
            hint: error.hint().map(str::to_owned),
            context: error.where_().map(str::to_owned),
            table: error
                .schema()
                .zip(error.table())
                .map(|(schema, table)| (schema.to_owned(), table.to_owned())),
            position: error.position().map(|position| match position {
                ErrorPosition::Original(position) => Position::Sent(*position),
                ErrorPosition::Internal { position, query } => Position::Internal {
                    position: *position,
                    query: query.clone(),
                },
            }),
        }
    }
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for ServerError {}

/// A client's error with all its causes, on one line.
pub fn describe(error: &tokio_postgres::Error) -> String {
    if let Some(server) = ServerError::find(error) {
        return server.to_string();
    }
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        // tokio-postgres repeats the cause in its own text in some versions.
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}
