//! Takes a step: tried until it is done, or cannot be.

use std::time::{Duration, Instant};

use tracing::Instrument;

use super::attend::{Running, attend};
use super::course::Course;
use super::failure::{Cause, Failure, Left};
use super::one_by_one::{self, Done};
use super::step::{Kind, Leg, NOT_AS_IT_WAS, Step};
use super::transaction::{self, Broken, Limits};
use super::watch::Watcher;
use crate::config::{DEFAULT_TABLE_LOCK_TIMEOUT, Settings, Timeout};
use crate::connect::{Lost, Session};
use crate::embedded::{Migration, Mode, Way};
use crate::error::Error;
use crate::lock::{Blocker, Held};
use crate::patience::Patience;
use crate::server_error::{ServerError, describe};
use crate::signal::{self, Stopped};

/// Why there are no further steps.
pub(super) enum Stop {
    /// Another runner took the step first.
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
pub(super) const UNIQUE_VIOLATION: &str = "23505";

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

/// Takes steps.
pub(super) struct Runner<'a, 'c> {
    pub(super) session: &'a Session,
    pub(super) course: &'a mut Course<'c>,
    held: &'a Held<'a>,
    watcher: Watcher,
}

impl<'a, 'c> Runner<'a, 'c> {
    pub(super) fn new(
        session: &'a Session,
        held: &'a Held<'a>,
        course: &'a mut Course<'c>,
    ) -> Self {
        Self {
            session,
            course,
            held,
            watcher: Watcher::new(),
        }
    }

    /// Ends what the runner has opened.
    pub(super) async fn close(self) {
        self.watcher.close().await;
    }

    pub(super) async fn step(&mut self, step: Step<'_>) -> Result<(), Stop> {
        self.course.check_stop()?;
        let migration = step.leg.migration;
        let span = tracing::info_span!("migration", version = %migration.version, description = migration.description, duration_ms = tracing::field::Empty);
        async {
            let start = Instant::now();
            self.persist(&step).await?;
            let duration = start.elapsed();
            tracing::Span::current().record(
                "duration_ms",
                u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
            );
            match step.leg.way {
                Way::Forward => tracing::info!("applied"),
                Way::Back => tracing::info!("rolled back"),
            }
            self.course.done(&migration, step.leg.ends_at, duration);
            Ok(())
        }
        .instrument(span)
        .await
    }

    /// Tries a step until it is done, or cannot be.
    async fn persist(&mut self, step: &Step<'_>) -> Result<(), Stop> {
        let script = &step.leg.script;
        if script.mode == Mode::NoTransaction {
            self.held.require()?;
        }
        let is_direct = self.held.is_direct();
        let limits = limits(self.course.settings, &step.leg, is_direct);
        let mut tries = Tries::new(self.course);
        let mut done = Done::default();
        loop {
            self.course.sends(step);
            let before = done.here;
            let running = Running::new(step, self.session.process);
            let ended = self.attempt(step, &limits, &running, &mut done).await;
            if done.here > before {
                self.course.advanced();
            }
            match ended {
                Some(Ok(())) => return Ok(()),
                Some(Err(broken)) => {
                    let left = Left::by_refusal(script, done.statements);
                    let passing = self.judge(step, broken, left)?;
                    let again = tries.again(&running, &passing).await;
                    again.map_err(|cause| self.failed(step, cause, &passing.broken, left))?;
                }
                None => {
                    let left = Left::by_silence(script, done.statements);
                    return Err(self.silent(step, left));
                }
            }
        }
    }

    /// Sends a step once, watched. None where it was stopped, and the server did not say how it ended.
    async fn attempt(
        &mut self,
        step: &Step<'_>,
        limits: &Limits,
        running: &Running<'_>,
        done: &mut Done,
    ) -> Option<Result<(), Broken>> {
        let table = self.course.table();
        let work = async {
            match step.leg.script.mode {
                Mode::Transaction => {
                    transaction::run(self.session, table, step, limits, running).await
                }
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

    /// What a step stumbled over means. One that may be tried again is given back.
    fn judge(&mut self, step: &Step<'_>, broken: Broken, left: Left) -> Result<Passing, Stop> {
        let (statement, error) = match &broken {
            Broken::At { statement, error } => (*statement, error),
            Broken::Differs(differences) => {
                self.course.refused();
                let cause = Cause::Differs(differences.clone());
                return Err(self.failed(step, cause, &broken, left));
            }
        };
        if let Some(lost) = Lost::of(error) {
            self.course.was_at(statement);
            return Err(lost.into());
        }
        self.course.refused();
        let server = ServerError::find(error);
        if server
            .as_ref()
            .is_some_and(|server| self.is_overtaken(step, statement, server))
        {
            match step.leg.way {
                Way::Forward => tracing::info!("another runner applied it first"),
                Way::Back => tracing::info!("another runner rolled it back first"),
            }
            return Err(Stop::Overtaken);
        }
        if server.as_ref().is_some_and(is_passing) {
            let reason = describe(error);
            return Ok(Passing {
                broken,
                statement,
                reason,
            });
        }
        let cause = match self.course.connector.stop.requested() {
            Some(signal) if server.is_some_and(|server| server.code == QUERY_CANCELED) => {
                Cause::Signal(signal)
            }
            _ => Cause::Server,
        };
        Err(self.failed(step, cause, &broken, left))
    }

    fn failed(&self, step: &Step<'_>, cause: Cause, broken: &Broken, left: Left) -> Stop {
        Failure::new(&step.leg, self.course.standing(), cause, broken, left).into()
    }

    /// The key of the history is there already, or its row is gone. A migration of its own never writes there.
    fn is_overtaken(&self, step: &Step<'_>, statement: Option<usize>, error: &ServerError) -> bool {
        match step.kind {
            Kind::Forward => {
                let (table, named) = (self.course.table(), error.table.as_ref());
                error.code == UNIQUE_VIOLATION
                    && named.is_some_and(|(schema, name)| {
                        *schema == table.schema && *name == table.table
                    })
            }
            Kind::Back { .. } => statement.is_none() && error.code == NOT_AS_IT_WAS,
        }
    }

    /// A signal asked for the end, and the server did not say in time what became of the migration.
    fn silent(&self, step: &Step<'_>, left: Left) -> Stop {
        let signalled = self.course.connector.stop.requested();
        let Some(signal) = signalled else {
            return anyhow::anyhow!("given up without a signal").into();
        };
        let reason = "the server did not confirm it in time".to_owned();
        let standing = self.course.standing();
        Failure::without_answer(&step.leg, standing, Cause::Signal(signal), left, reason).into()
    }
}

/// What holds for a step.
pub(super) fn limits(settings: &Settings, leg: &Leg, is_direct: bool) -> Limits {
    let lock_timeout = table_lock_timeout(settings, leg.script.mode, &leg.migration);
    limited(settings, lock_timeout, is_direct)
}

/// What holds for a look at the schema.
pub(super) fn limits_of_look(settings: &Settings, is_direct: bool) -> Limits {
    let configured = settings.table_lock.timeout;
    let lock_timeout = configured.unwrap_or(DEFAULT_TABLE_LOCK_TIMEOUT).0;
    limited(settings, lock_timeout, is_direct)
}

fn limited(settings: &Settings, lock_timeout: Duration, is_direct: bool) -> Limits {
    Limits {
        lock_timeout: lock_timeout.min(LONGEST_LIMIT),
        statement_timeout: settings.statement.timeout.0.min(LONGEST_LIMIT),
        is_direct,
    }
}

/// For one try of a step to get a table lock. Whoever runs it knows best, then whoever wrote it.
///
/// What refuses a transaction waits for others without keeping readers away, and begins from the start when it is
/// given up: there the file alone sets a limit.
fn table_lock_timeout(settings: &Settings, mode: Mode, migration: &Migration) -> Duration {
    let configured = settings.table_lock.timeout.map(|timeout| timeout.0);
    match mode {
        Mode::Transaction => configured
            .or(migration.lock_timeout)
            .unwrap_or(DEFAULT_TABLE_LOCK_TIMEOUT.0),
        Mode::NoTransaction => migration.lock_timeout.unwrap_or_default(),
    }
}

/// For what has to be tried again because of others' table locks.
pub(super) fn patience<'p>(settings: &Settings, stop: &'p signal::Stop) -> Patience<'p> {
    Patience::new(settings.table_lock.budget, FIRST_PAUSE, LONGEST_PAUSE, stop)
}

/// Whether an error passes by itself.
pub(super) fn is_passing(server: &ServerError) -> bool {
    PASSING.contains(&server.code.as_str())
}

/// What a step stumbled over, and what passes by itself.
struct Passing {
    broken: Broken,
    statement: Option<usize>,
    reason: String,
}

/// How often a migration was tried, and for how long it may be tried again.
struct Tries<'p> {
    patience: Patience<'p>,
    budget: Timeout,
    number: u32,
}

impl<'p> Tries<'p> {
    fn new(course: &Course<'p>) -> Self {
        Self {
            patience: patience(course.settings, course.connector.stop),
            budget: course.settings.table_lock.budget,
            number: 1,
        }
    }

    /// Says who is in the way, and pauses before the next try; why there is none.
    async fn again(&mut self, running: &Running<'_>, passing: &Passing) -> Result<(), Cause> {
        let blockers = running.now().blockers;
        if self.patience.is_used_up() {
            return Err(self.used_up(blockers));
        }
        tracing::warn!(
            tries = self.number,
            statement = passing.statement.map(|statement| statement + 1),
            reason = passing.reason,
            blockers = listed(&blockers),
            "{} did not get a table lock and will be tried again, for up to {}",
            running.step.leg.migration.stem,
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

pub(super) fn listed(blockers: &[Blocker]) -> String {
    let blockers: Vec<String> = blockers.iter().map(Blocker::to_string).collect();
    blockers.join("; ")
}
