//! The way forward. refinery's traits on our session: how its statements reach the server.
//!
//! refinery calls `execute` once with the statement that makes the history table, then once a
//! step with (forward part, INSERT of the history row). That a call ends well means that it is sent: what became of it,
//! the last one of the calls or [`Forward::finish`] says.

use std::fmt;

use refinery_core::traits::r#async::{AsyncMigrate, AsyncQuery, AsyncTransaction};

use super::message::Packing;
use super::runner::{Runner, Stop};
use super::step::{Commit, Newest, Step};
use super::untracked;
use crate::embedded::{Migration, Mode};
use crate::history::History;

/// What refinery gets to see of an error; the error itself is kept beside it.
#[derive(Debug)]
pub(super) struct Failed;

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the step failed")
    }
}

impl std::error::Error for Failed {}

/// What the history is where a run begins.
#[derive(Clone, Copy)]
enum Start {
    /// There is no table.
    Absent,
    /// It has no rows.
    Empty,
    /// It has some.
    Applied,
}

impl Start {
    fn of(history: &History) -> Self {
        match (history.exists, history.rows.as_slice()) {
            (false, _) => Self::Absent,
            (true, []) => Self::Empty,
            (true, _) => Self::Applied,
        }
    }
}

/// Carries out what refinery asks for.
pub(super) struct Forward<'a, 'c> {
    runner: Runner<'a, 'c>,
    /// What refinery is told when it asks for the history, which was read before.
    applied: Vec<refinery::Migration>,
    embedded: &'a [Migration],
    start: Start,
    /// The newest row of the history, once everything that was sent is committed.
    newest: Newest,
    steps: std::slice::Iter<'a, &'a Migration>,
    /// How many of them refinery has asked for.
    taken: usize,
    stop: Option<Stop>,
}

impl<'a, 'c> Forward<'a, 'c> {
    pub(super) fn new(
        mut runner: Runner<'a, 'c>,
        embedded: &'a [Migration],
        history: &History,
        steps: &'a [&'a Migration],
    ) -> Self {
        let start = Start::of(history);
        if matches!(start, Start::Absent | Start::Empty) && !runner.course.is_shaken() {
            runner.packing = Packing::Together;
        }
        Self {
            runner,
            applied: Vec::new(),
            embedded,
            start,
            newest: Newest::Read(history.position()),
            steps: steps.iter(),
            taken: 0,
            stop: None,
        }
    }

    /// What refinery is told next when it asks for the history.
    pub(super) fn is_told(&mut self, applied: Vec<refinery::Migration>) {
        self.applied = applied;
    }

    /// Reads what is not read yet of the answers, and ends what the runner has opened. Why a call ended with [`Failed`], if
    /// one did, or would have if it had waited for the answers.
    pub(super) async fn finish(mut self) -> Option<Stop> {
        if self.stop.is_none() {
            self.stop = self.runner.arrive().await.err();
        }
        self.runner.close().await;
        self.stop
    }

    async fn create_history(&mut self, sql: &str) -> Result<(), Stop> {
        let start = std::mem::replace(&mut self.start, Start::Applied);
        let table = self.runner.course.table();
        let guard = |is_made| untracked::guard(self.embedded, table, is_made).unwrap_or_default();
        match start {
            // In one message, and so in one transaction: where the guard fails, there is no table for the steps behind it.
            Start::Absent => {
                let sql = guard(false) + sql;
                self.runner.make_history(&sql).await
            }
            // CREATE TABLE IF NOT EXISTS fails for a role without CREATE on the schema even where the table is there.
            Start::Empty => {
                let sql = guard(true);
                self.runner.make_history(&sql).await?;
                self.runner.arrive().await
            }
            Start::Applied => Ok(()),
        }
    }

    async fn step(&mut self, insert: &str) -> Result<(), Stop> {
        let Some(&migration) = self.steps.next() else {
            return Err(
                anyhow::anyhow!("refinery asked for a step that is not in the plan").into(),
            );
        };
        // What runs without a transaction is not begun on what may be gone.
        let next = self.steps.as_slice().first();
        let is_last = next.is_none_or(|next| next.mode == Mode::NoTransaction);
        self.taken += 1;
        let course = &self.runner.course;
        let commit = match migration.mode {
            Mode::Transaction => course.commit(is_last, self.taken),
            Mode::NoTransaction => Commit::AsConfigured,
        };
        let is_noted = self.runner.may_note(migration);
        let newest = Newest::written(migration.version, insert, is_noted);
        let guard = self.newest.guard(&newest, course.table());
        let step = Step::forward(migration, insert, guard, commit);
        self.newest = newest;
        self.runner.step(step).await
    }
}

impl AsyncTransaction for Forward<'_, '_> {
    type Error = Failed;

    async fn execute<'a, T: Iterator<Item = &'a str> + Send + 'a>(
        &'a mut self,
        queries: T,
    ) -> Result<usize, Failed> {
        let queries: Vec<&str> = queries.collect();
        let result = match queries.as_slice() {
            [create_table] => self.create_history(create_table).await,
            // The statements are taken from the file one by one; together they are the forward part.
            [_forward, insert] => self.step(insert).await,
            _ => Err(anyhow::anyhow!("refinery sent {} statements at once", queries.len()).into()),
        };
        result.map(|()| queries.len()).map_err(|error| {
            self.stop = Some(error);
            Failed
        })
    }
}

impl AsyncQuery<Vec<refinery::Migration>> for Forward<'_, '_> {
    async fn query(&mut self, _query: &str) -> Result<Vec<refinery::Migration>, Failed> {
        Ok(std::mem::take(&mut self.applied))
    }
}

impl AsyncMigrate for Forward<'_, '_> {}
