//! A migration that failed: where, why, and what it left behind.

use std::fmt;

use crate::embedded::Migration;
use crate::server_error::{ServerError, describe};
use crate::source::{Span, Version};

/// A migration that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Its version.
    pub version: Version,
    /// Its name.
    pub name: String,
    /// Its file.
    pub path: String,
    /// The text of its file.
    pub text: &'static str,
    /// Where in the text, if it can be told.
    pub place: Option<Span>,
    /// Which of its statements it was, counted from 0; none where the server was at none of them.
    pub statement: Option<usize>,
    /// How many statements it has.
    pub statements: usize,
    /// What the server said; none where the connection was lost.
    pub server: Option<ServerError>,
    /// The reason in one line.
    pub reason: String,
    /// What it left behind.
    pub left: Left,
    /// What happened to it, in one line.
    pub title: String,
    /// How many migrations this run had applied before; they stay.
    pub applied: usize,
    /// The newest version in the history now.
    pub position: Option<Version>,
}

/// How far a run had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Progress {
    pub(super) applied: usize,
    pub(super) position: Option<Version>,
}

/// What a failed migration left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// Nothing: it was one transaction.
    Nothing,
    /// Its first statements: it ran without a transaction.
    Statements(usize),
}

impl Failure {
    pub(super) fn new(
        migration: &Migration,
        progress: Progress,
        error: &tokio_postgres::Error,
        place: Option<Span>,
        statement: Option<usize>,
        left: Left,
    ) -> Self {
        let server = ServerError::find(error);
        let reason = describe(error);
        Self {
            title: title(migration.stem, left, server.is_some(), &reason),
            version: migration.version,
            name: migration.stem.to_owned(),
            path: migration.path(),
            text: migration.text(),
            place,
            statement,
            statements: migration.statements.len(),
            server,
            reason,
            left,
            applied: progress.applied,
            position: progress.position,
        }
    }
}

fn title(name: &str, left: Left, answered: bool, reason: &str) -> String {
    match left {
        Left::Nothing if answered => format!("{name} failed, and was rolled back"),
        // Whether a COMMIT got through before the connection was lost, the history alone can tell.
        Left::Nothing => format!("{name} was cut off: {reason}"),
        Left::Statements(0) => format!("{name} failed at its first statement"),
        Left::Statements(1) => format!("{name} failed after its first statement, which stays"),
        Left::Statements(done) => {
            format!("{name} failed after its first {done} statements, which stay")
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.title)
    }
}
