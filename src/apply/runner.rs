//! refinery's traits on our session: how its statements reach the server.
//!
//! refinery calls `execute` once with the statement that makes the history table, then once a
//! step with (forward part, INSERT of the history row). Each step is tried until it is done, or cannot be.

use std::fmt;
use std::time::{Duration, Instant};

use refinery_core::traits::r#async::{AsyncMigrate, AsyncQuery, AsyncTransaction};
use tracing::Instrument;

use super::attend::{Running, attend};
use super::course::{Course, table_lock_timeout};
use super::failure::{Cause, Failure, Left};
use super::one_by_one::{self, Done};
use super::transaction::{self, Broken, Limits, Step};
use super::watch::{Blocker, Watcher};
use crate::config::Timeout;
use crate::connect::{Lost, Session, broken};
use crate::embedded::{Migration, Mode};
use crate::error::Error;
use crate::history::History;
use crate::lock::Held;
use crate::patience::Patience;
use crate::server_error::{ServerError, describe};
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

/// Why refinery was stopped.
pub(super) enum Stop {
    /// Another runner applied the step first.
    Overtaken,
    /// Something is wrong.
    Failed(Error),
}

impl<E: Into<Error>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// `unique_violation`
const UNIQUE_VIOLATION: &str = "23505";

/// `unique_violation`, `duplicate_table` and `duplicate_object`: what two who make one table at once may meet.
const MADE_BY_ANOTHER: [&str; 3] = [UNIQUE_VIOLATION, "42P07", "42710"];

/// `query_canceled`
const QUERY_CANCELED: &str = "57014";

/// `lock_not_available` and `deadlock_detected`: they pass by themselves.
const PASSING: [&str; 2] = ["55P03", "40P01"];

/// The first pause before a migration that did not get its table locks is tried again. Readers that queued behind it
/// get through in that time.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// The longest such pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// What PostgreSQL takes as a limit at most: 24 days, in milliseconds.
const LONGEST_LIMIT: Duration = Duration::from_millis(i32::MAX.cast_unsigned() as u64);

/// Carries out what refinery asks for.
pub(super) struct Runner<'a, 'c> {
    session: &'a Session,
    held: &'a Held<'a>,
    /// What refinery is told when it asks for the history, which was read before.
    applied: Vec<refinery::Migration>,
    has_history: bool,
    steps: std::slice::Iter<'a, &'a Migration>,
    course: &'a mut Course<'c>,
    watcher: Watcher,
    stop: Option<Stop>,
}

impl<'a, 'c> Runner<'a, 'c> {
    pub(super) fn new(
        session: &'a Session,
        held: &'a Held<'a>,
        applied: Vec<refinery::Migration>,
        history: &History,
        steps: &'a [&'a Migration],
        course: &'a mut Course<'c>,
    ) -> Self {
        Self {
            session,
            held,
            applied,
            has_history: history.exists,
            steps: steps.iter(),
            course,
            watcher: Watcher::new(),
            stop: None,
        }
    }

    /// Ends what the runner has opened. Why a call ended with [`Failed`], if one did.
    pub(super) async fn finish(self) -> Option<Stop> {
        self.watcher.close().await;
        self.stop
    }

    async fn create_history(&mut self, sql: &str) -> Result<(), Stop> {
        // CREATE TABLE IF NOT EXISTS fails for a role without CREATE on the schema even where
        // the table is there.
        if self.has_history {
            return Ok(());
        }
        let stop = self.course.connector.stop;
        let work = self.session.client.batch_execute(sql);
        let ended = attend(self.session, stop, std::future::pending(), work).await;
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
        self.course.check_stop()?;
        let span = tracing::info_span!("migration", version = %migration.version, description = migration.description, duration_ms = tracing::field::Empty);
        async {
            let start = Instant::now();
            self.persist(Step { migration, insert }).await?;
            let duration = start.elapsed();
            tracing::Span::current().record(
                "duration_ms",
                u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
            );
            tracing::info!("applied");
            self.course.applied(migration, duration);
            Ok(())
        }
        .instrument(span)
        .await
    }

    /// Tries a step until it is done, or cannot be.
    async fn persist(&mut self, step: Step<'_>) -> Result<(), Stop> {
        if step.migration.mode == Mode::NoTransaction {
            self.held.require()?;
        }
        let limits = self.limits(step.migration);
        let mut tries = Tries::new(self.course);
        let mut done = Done::default();
        loop {
            self.course.sends(step.migration, step.insert);
            let before = done.here;
            let running = Running::new(step.migration, self.session.process);
            let ended = self.attempt(step, &limits, &running, &mut done).await;
            if done.here > before {
                self.course.advanced();
            }
            match ended {
                Some(Ok(())) => return Ok(()),
                Some(Err(broken)) => {
                    let left = Left::by_refusal(step.migration, done.statements);
                    let passing = self.judge(step.migration, broken, left)?;
                    let again = tries.again(&running, &passing.broken).await;
                    again.map_err(|cause| self.failed(step.migration, cause, &passing))?;
                }
                None => {
                    let left = Left::by_silence(step.migration, done.statements);
                    return Err(self.silent(step.migration, left));
                }
            }
        }
    }

    /// Sends a step once, watched. None where it was stopped, and the server did not say how it ended.
    async fn attempt(
        &mut self,
        step: Step<'_>,
        limits: &Limits,
        running: &Running<'_>,
        done: &mut Done,
    ) -> Option<Result<(), Broken>> {
        let table = self.course.table();
        let work = async {
            match step.migration.mode {
                Mode::Transaction => transaction::run(self.session, step, limits, running).await,
                Mode::NoTransaction => {
                    one_by_one::run(self.session, self.held, table, step, limits, running, done)
                        .await
                }
            }
        };
        let watch = self.watcher.watch(
            self.course.connector,
            running,
            limits.first_look(),
            self.course.observer,
        );
        attend(self.session, self.course.connector.stop, watch, work).await
    }

    fn limits(&self, migration: &Migration) -> Limits {
        Limits {
            lock_timeout: table_lock_timeout(self.course.settings, migration).min(LONGEST_LIMIT),
            statement_timeout: self.course.settings.statement.timeout.0.min(LONGEST_LIMIT),
            is_direct: self.held.is_direct(),
        }
    }

    /// What an error means. A migration that may be tried again is given back.
    fn judge(
        &mut self,
        migration: &Migration,
        broken: Broken,
        left: Left,
    ) -> Result<Passing, Stop> {
        if let Some(lost) = Lost::of(&broken.error) {
            self.course.was_at(broken.statement);
            return Err(lost.into());
        }
        self.course.refused();
        let server = ServerError::find(&broken.error);
        if server
            .as_ref()
            .is_some_and(|server| self.is_overtaken(server))
        {
            tracing::info!("another runner applied it first");
            return Err(Stop::Overtaken);
        }
        let code = server.map(|server| server.code).unwrap_or_default();
        if PASSING.contains(&code.as_str()) {
            return Ok(Passing { broken, left });
        }
        let cause = match self.course.connector.stop.requested() {
            Some(signal) if code == QUERY_CANCELED => Cause::Signal(signal),
            _ => Cause::Server,
        };
        Err(self.failed(migration, cause, &Passing { broken, left }))
    }

    fn failed(
        &self,
        migration: &Migration,
        cause: Cause,
        Passing { broken, left }: &Passing,
    ) -> Stop {
        Failure::new(migration, self.course.standing(), cause, broken, *left).into()
    }

    /// The key of the history is there already. A migration of its own never writes there.
    fn is_overtaken(&self, error: &ServerError) -> bool {
        let (table, named) = (self.course.table(), error.table.as_ref());
        error.code == UNIQUE_VIOLATION
            && named.is_some_and(|(schema, name)| *schema == table.schema && *name == table.table)
    }

    /// A signal asked for the end, and the server did not say in time what became of the migration.
    fn silent(&self, migration: &Migration, left: Left) -> Stop {
        let stop = self.course.connector.stop;
        let Some(signal) = stop.requested() else {
            return anyhow::anyhow!("given up without a signal").into();
        };
        let reason = "the server did not confirm it in time".to_owned();
        let standing = self.course.standing();
        Failure::without_answer(migration, standing, Cause::Signal(signal), left, reason).into()
    }
}

/// What a migration stumbled over, and what passes by itself.
struct Passing {
    broken: Broken,
    left: Left,
}

/// How often a migration was tried, and for how long it may be tried again.
struct Tries<'p> {
    patience: Patience<'p>,
    budget: Timeout,
    number: u32,
}

impl<'p> Tries<'p> {
    fn new(course: &Course<'p>) -> Self {
        let budget = course.settings.table_lock.budget;
        let stop = course.connector.stop;
        Self {
            patience: Patience::new(budget, FIRST_PAUSE, LONGEST_PAUSE, stop),
            budget,
            number: 1,
        }
    }

    /// Says who is in the way, and pauses before the next try; why there is none.
    async fn again(&mut self, running: &Running<'_>, broken: &Broken) -> Result<(), Cause> {
        let blockers = running.now().blockers;
        if self.patience.is_used_up() {
            return Err(self.used_up(blockers));
        }
        tracing::warn!(
            tries = self.number,
            statement = broken.statement.map(|statement| statement + 1),
            reason = describe(&broken.error),
            blockers = listed(&blockers),
            "{} did not get a table lock and will be tried again, for up to {}",
            running.migration.stem,
            self.budget
        );
        match self.patience.next_try().await {
            Ok(true) => {
                self.number += 1;
                Ok(())
            }
            Ok(false) => Err(self.used_up(blockers)),
            Err(Stopped { signal }) => Err(Cause::Signal(signal)),
        }
    }

    fn used_up(&self, blockers: Vec<Blocker>) -> Cause {
        Cause::TableLock {
            tries: self.number,
            budget: self.budget,
            blockers,
        }
    }
}

fn listed(blockers: &[Blocker]) -> String {
    let blockers: Vec<String> = blockers.iter().map(Blocker::to_string).collect();
    blockers.join("; ")
}

impl AsyncTransaction for Runner<'_, '_> {
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

impl AsyncQuery<Vec<refinery::Migration>> for Runner<'_, '_> {
    async fn query(&mut self, _query: &str) -> Result<Vec<refinery::Migration>, Failed> {
        Ok(std::mem::take(&mut self.applied))
    }
}

impl AsyncMigrate for Runner<'_, '_> {}
