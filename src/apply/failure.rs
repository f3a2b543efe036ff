//! A step that did not come to its end: where, why, and what it left behind.

use std::fmt;

use super::locate::locate;
use super::step::{Leg, Task};
use super::transaction::Broken;
use crate::config::Timeout;
use crate::connect::Lost;
use crate::embedded::{Mode, Script, Way};
use crate::lock::Blocker;
use crate::schema::Difference;
use crate::server_error::{ServerError, describe};
use crate::signal::Signal;
use crate::source::{Span, Version};

/// A migration that did not come to its end, in one direction or the other.
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
    /// How far the run had come before.
    pub standing: Standing,
    /// Where the database stands if what was not answered is committed.
    pub reach: Reach,
}

/// How far a run had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// What it was asked for.
    pub task: Task,
    /// How many migrations it has applied, or taken back. They stay so.
    pub done: usize,
    /// The newest version in the history.
    pub position: Option<Version>,
}

/// How far steps lead that were sent and not answered, if they are committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reach {
    /// Where the database stands after the last of them.
    pub ends_at: Option<Version>,
    /// How many they are.
    pub steps: usize,
    /// How many of them had been told as done, before the server was lost that had not written them to its disk.
    pub told: usize,
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
    /// It came to its end, and the schema was not as sealed. Exit code 4.
    Differs(Vec<Difference>),
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
    /// After the server has refused a step of which it had done so many statements.
    pub(super) fn by_refusal(script: &Script, done: usize) -> Self {
        match script.mode {
            Mode::Transaction => Self::Nothing,
            Mode::NoTransaction => Self::Statements(done),
        }
    }

    /// After the server has not answered.
    pub(super) fn by_silence(script: &Script, done: usize) -> Self {
        match script.mode {
            Mode::Transaction => Self::Unknown,
            Mode::NoTransaction => Self::Statements(done),
        }
    }
}

impl Failure {
    /// The server has refused it.
    pub(super) fn new(
        leg: &Leg,
        standing: Standing,
        cause: Cause,
        broken: &Broken,
        left: Left,
    ) -> Self {
        let (statement, before, error) = match broken {
            Broken::At {
                statement,
                before,
                error,
            } => (*statement, *before, error),
            Broken::Differs(_) => {
                let reason = "the schema is not as sealed".to_owned();
                return Self::without_answer(leg, standing, cause, left, reason);
            }
        };
        let server = ServerError::find(error).map(|server| server.behind(before));
        Self {
            place: server
                .as_ref()
                .and_then(|server| locate(&leg.script, statement, server)),
            statement,
            server,
            ..Self::without_answer(leg, standing, cause, left, describe(error))
        }
    }

    /// The server has not answered.
    pub(super) fn without_answer(
        leg: &Leg,
        standing: Standing,
        cause: Cause,
        left: Left,
        reason: String,
    ) -> Self {
        let migration = &leg.migration;
        Self {
            title: title(leg, &cause, left),
            version: migration.version,
            name: migration.stem.to_owned(),
            path: migration.path(),
            text: migration.text(),
            place: None,
            statement: None,
            statements: leg.script.statements.len(),
            server: None,
            reason,
            cause,
            left,
            standing,
            reach: Reach {
                ends_at: leg.ends_at,
                steps: 1,
                told: 0,
            },
        }
    }

    /// The connection was lost over it, `losses` times, the last time while the server was at `statement`.
    pub(super) fn lost(
        leg: &Leg,
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
                .and_then(|server| locate(&leg.script, statement, server)),
            statement,
            server,
            ..Self::without_answer(leg, standing, Cause::Lost, left, reason)
        }
    }
}

fn title(leg: &Leg, cause: &Cause, left: Left) -> String {
    let stem = leg.migration.stem;
    let what = match leg.way {
        Way::Forward => stem.to_owned(),
        Way::Back => format!("the rollback of {stem}"),
    };
    let how = match cause {
        Cause::Server => "failed".to_owned(),
        Cause::Lost => "was cut off".to_owned(),
        Cause::TableLock {
            tries: 1, budget, ..
        } => format!("did not get its table locks in 1 try within {budget}"),
        Cause::TableLock { tries, budget, .. } => {
            format!("did not get its table locks in {tries} tries within {budget}")
        }
        Cause::Differs(_) => match leg.ends_at {
            Some(version) => format!("did not lead to the schema as sealed at {version}"),
            None => "did not lead to an empty schema".to_owned(),
        },
        Cause::Signal(signal) => format!("was stopped by {signal}"),
    };
    let left = match (left, leg.way) {
        (Left::Nothing, Way::Forward) => ", and was rolled back".to_owned(),
        (Left::Nothing, Way::Back) => ", and has changed nothing".to_owned(),
        (Left::Statements(0), _) => " at its first statement".to_owned(),
        (Left::Statements(1), _) => " after its first statement, which stays".to_owned(),
        (Left::Statements(done), _) => format!(" after its first {done} statements, which stay"),
        (Left::Unknown, _) => String::new(),
    };
    format!("{what} {how}{left}")
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.title)
    }
}
