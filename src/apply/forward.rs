//! The way forward. refinery's traits on our session: how its statements reach the server.
//!
//! refinery calls `execute` once with the statement that makes the history table, then once a
//! step with (forward part, INSERT of the history row).

use std::fmt;

use refinery_core::traits::r#async::{AsyncMigrate, AsyncQuery, AsyncTransaction};

use super::attend::attend;
use super::runner::{Runner, Stop, UNIQUE_VIOLATION};
use super::step::Step;
use crate::connect::broken;
use crate::embedded::Migration;
use crate::history::History;
use crate::server_error::ServerError;
use crate::signal::Stopped;

/// What refinery gets to see of an error; the error itself is kept beside it.
#[derive(Debug)]
pub(super) struct Failed;

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the step failed")
    }
}

impl std::error::Error for Failed {}

/// `unique_violation`, `duplicate_table` and `duplicate_object`: what two who make one table at once may meet.
pub(super) const MADE_BY_ANOTHER: [&str; 3] = [UNIQUE_VIOLATION, "42P07", "42710"];

/// Carries out what refinery asks for.
pub(super) struct Forward<'a, 'c> {
    runner: Runner<'a, 'c>,
    /// What refinery is told when it asks for the history, which was read before.
    applied: Vec<refinery::Migration>,
    has_history: bool,
    steps: std::slice::Iter<'a, &'a Migration>,
    stop: Option<Stop>,
}

impl<'a, 'c> Forward<'a, 'c> {
    pub(super) fn new(
        runner: Runner<'a, 'c>,
        applied: Vec<refinery::Migration>,
        history: &History,
        steps: &'a [&'a Migration],
    ) -> Self {
        Self {
            runner,
            applied,
            has_history: history.exists,
            steps: steps.iter(),
            stop: None,
        }
    }

    /// Ends what the runner has opened. Why a call ended with [`Failed`], if one did.
    pub(super) async fn finish(self) -> Option<Stop> {
        self.runner.close().await;
        self.stop
    }

    async fn create_history(&mut self, sql: &str) -> Result<(), Stop> {
        // CREATE TABLE IF NOT EXISTS fails for a role without CREATE on the schema even where
        // the table is there.
        if self.has_history {
            return Ok(());
        }
        let (session, stop) = (self.runner.session, self.runner.course.connector.stop);
        let work = session.client.batch_execute(sql);
        let ended = attend(session, stop, std::future::pending(), work).await;
        let error = match (ended, stop.requested()) {
            (Some(Ok(())), _) => return Ok(()),
            (_, Some(signal)) => return Err(Stopped { signal }.into()),
            (Some(Err(error)), None) => error,
            (None, None) => return Err(anyhow::anyhow!("given up without a signal").into()),
        };
        // Another runner was faster between the look whether it is there and the making, where no lock is held.
        let server = ServerError::find(&error);
        if server.is_some_and(|server| MADE_BY_ANOTHER.contains(&server.code.as_str())) {
            return Err(Stop::Overtaken);
        }
        Err(broken("the history table cannot be made", &error).into())
    }

    async fn step(&mut self, insert: &str) -> Result<(), Stop> {
        let Some(&migration) = self.steps.next() else {
            return Err(
                anyhow::anyhow!("refinery asked for a step that is not in the plan").into(),
            );
        };
        self.runner.step(Step::forward(migration, insert)).await
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
