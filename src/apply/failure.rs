//! A migration that did not come to its end: where, why, and what it left behind.

use std::fmt;

use super::locate::locate;
use super::transaction::Broken;
use super::watch::Blocker;
use crate::config::Timeout;
use crate::connect::Lost;
use crate::embedded::{Migration, Mode};
use crate::server_error::{ServerError, describe};
use crate::signal::Signal;
use crate::source::{Span, Version};

/// A migration that did not come to its end.
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
    /// What kept it from its end.
    pub cause: Cause,
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
pub struct Standing {
    /// How many migrations it has applied.
    pub applied: usize,
    /// The newest version in the history.
    pub position: Option<Version>,
}

/// What kept a migration from its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// The server refused it.
    Server,
    /// The connection was lost over it, more often than it is tried again.
    Lost,
    /// A table lock was not obtained, in any of the tries. Exit code 5.
    TableLock {
        /// How often it was tried.
        tries: u32,
        /// For how long.
        budget: Timeout,
        /// Who was in the way the last time.
        blockers: Vec<Blocker>,
    },
    /// A signal asked for the end. Exit code 7.
    Signal(Signal),
}

/// What a failed migration left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// Nothing: it was one transaction.
    Nothing,
    /// Its first statements, remembered in the database: it ran without a transaction.
    Statements(usize),
    /// What the server has not told. The next run asks.
    Unknown,
}

impl Left {
    /// After the server has refused a migration of which it had done so many statements.
    pub(super) fn by_refusal(migration: &Migration, done: usize) -> Self {
        match migration.mode {
            Mode::Transaction => Self::Nothing,
            Mode::NoTransaction => Self::Statements(done),
        }
    }

    /// After the server has not answered.
    pub(super) fn by_silence(migration: &Migration, done: usize) -> Self {
        match migration.mode {
            Mode::Transaction => Self::Unknown,
            Mode::NoTransaction => Self::Statements(done),
        }
    }
}

impl Failure {
    pub(super) fn new(
        migration: &Migration,
        standing: Standing,
        cause: Cause,
        broken: &Broken,
        left: Left,
    ) -> Self {
        let server = ServerError::find(&broken.error);
        let reason = describe(&broken.error);
        Self {
            place: server
                .as_ref()
                .and_then(|server| locate(migration, broken.statement, server)),
            statement: broken.statement,
            server,
            ..Self::without_answer(migration, standing, cause, left, reason)
        }
    }

    /// The server has not answered.
    pub(super) fn without_answer(
        migration: &Migration,
        standing: Standing,
        cause: Cause,
        left: Left,
        reason: String,
    ) -> Self {
        Self {
            title: title(migration.stem, &cause, left),
            version: migration.version,
            name: migration.stem.to_owned(),
            path: migration.path(),
            text: migration.text(),
            place: None,
            statement: None,
            statements: migration.statements.len(),
            server: None,
            reason,
            cause,
            left,
            applied: standing.applied,
            position: standing.position,
        }
    }

    /// The connection was lost over it, `losses` times, the last time while the server was at `statement`.
    pub(super) fn lost(
        migration: &Migration,
        (standing, statement): (Standing, Option<usize>),
        losses: u32,
        lost: Lost,
        left: Left,
    ) -> Self {
        let reason = match losses {
            1 => lost.reason,
            losses => format!("{} ({losses} times)", lost.reason),
        };
        let server = lost.server.map(|server| *server);
        Self {
            place: server
                .as_ref()
                .and_then(|server| locate(migration, statement, server)),
            statement,
            server,
            ..Self::without_answer(migration, standing, Cause::Lost, left, reason)
        }
    }
}

fn title(name: &str, cause: &Cause, left: Left) -> String {
    let what = match cause {
        Cause::Server => "failed".to_owned(),
        Cause::Lost => "was cut off".to_owned(),
        Cause::TableLock {
            tries: 1, budget, ..
        } => format!("did not get its table locks in 1 try within {budget}"),
        Cause::TableLock { tries, budget, .. } => {
            format!("did not get its table locks in {tries} tries within {budget}")
        }
        Cause::Signal(signal) => format!("was stopped by {signal}"),
    };
    match left {
        Left::Nothing => format!("{name} {what}, and was rolled back"),
        Left::Statements(0) => format!("{name} {what} at its first statement"),
        Left::Statements(1) => format!("{name} {what} after its first statement, which stays"),
        Left::Statements(done) => {
            format!("{name} {what} after its first {done} statements, which stay")
        }
        Left::Unknown => format!("{name} {what}"),
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.title)
    }
}
