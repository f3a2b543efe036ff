//! Takes steps, each tried until it is done, or cannot be. Those that may go together are sent ahead.

use std::collections::VecDeque;
use std::time::Instant;

use futures_util::TryStreamExt;
use tokio_postgres::SimpleQueryStream;
use tracing::Instrument;

use super::attend::{Canceller, Running};
use super::course::Course;
use super::failure::{Cause, Failure, Left};
use super::limits::{Limits, limits};
use super::message::{Packing, Sent};
use super::one_by_one::{self, Done};
use super::remains;
use super::step::{Kind, NOT_AS_IT_WAS, Step, is_guard};
use super::transaction::{self, Broken};
use super::tries::{Passing, Tries, is_passing};
use super::untracked::{UNTRACKED, untracked};
use super::watch::Watcher;
use crate::connect::{Lost, Session, broken};
use crate::embedded::{Migration, Mode, Way};
use crate::error::Error;
use crate::lock::Held;
use crate::server_error::{ServerError, describe};
use crate::signal::Stopped;

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

/// `unique_violation`, `duplicate_table` and `duplicate_object`: what two who make one table at once may meet.
const MADE_BY_ANOTHER: [&str; 3] = [UNIQUE_VIOLATION, "42P07", "42710"];

/// Whether somebody else was faster in making a table.
pub(super) fn is_made_by_another(server: &ServerError) -> bool {
    MADE_BY_ANOTHER.contains(&server.code.as_str())
}

/// `query_canceled`
const QUERY_CANCELED: &str = "57014";

/// How much of the steps is sent before the first of them is answered. It is more than a server far away takes in the time
/// of a round trip, and less than would matter in memory.
const WINDOW: usize = 1 << 20;

/// Takes steps.
pub(super) struct Runner<'a, 'c> {
    pub(super) session: &'a Session,
    pub(super) course: &'a mut Course<'c>,
    held: &'a Held<'a>,
    /// How steps are sent ahead. On a database that was never migrated there is next to nothing to work on, and nobody to
    /// wait for: while a step runs, nobody asks at which of its statements it is.
    pub(super) packing: Packing,
    watcher: Watcher,
    canceller: Canceller<'a>,
    /// What makes the history table, where that was sent ahead.
    making: Option<Result<SimpleQueryStream, tokio_postgres::Error>>,
    /// The steps that were sent ahead, in the order in which the server takes them.
    ahead: VecDeque<Ahead<'a>>,
    /// So much memory do they take.
    bytes: usize,
    /// The steps that were sent ahead and refused, because the one before them was.
    refused: Vec<Step<'a>>,
    /// When the last answer of a step was read.
    answered: Instant,
}

/// A step that was sent ahead.
struct Ahead<'a> {
    step: Step<'a>,
    since: Instant,
    sent: Sent,
}

impl<'a, 'c> Runner<'a, 'c> {
    pub(super) fn new(
        session: &'a Session,
        held: &'a Held<'a>,
        course: &'a mut Course<'c>,
    ) -> Self {
        Self {
            canceller: Canceller::new(session, course.connector.stop),
            session,
            course,
            held,
            packing: Packing::Apart,
            watcher: Watcher::new(),
            making: None,
            ahead: VecDeque::new(),
            bytes: 0,
            refused: Vec::new(),
            answered: Instant::now(),
        }
    }

    /// Ends what the runner has opened.
    pub(super) async fn close(self) {
        if self.held.is_direct() {
            // Nobody waits for the answer: what the session is asked next comes behind it.
            let reset = remains::all(self.session);
            let _ = self.session.client.simple_query_raw(&reset).await;
        }
        self.watcher.close().await;
    }

    /// Makes the history table, at the latest with [`Runner::arrive`].
    pub(super) async fn make_history(&mut self, sql: &str) -> Result<(), Stop> {
        self.making = Some(self.session.client.simple_query_raw(sql).await);
        if self.held.is_direct() {
            return Ok(());
        }
        self.arrive().await
    }

    /// Takes a step, at the latest with [`Runner::arrive`]: what may go together is sent ahead.
    pub(super) async fn step(&mut self, step: Step<'a>) -> Result<(), Stop> {
        if let Err(stopped) = self.course.check_stop() {
            self.arrive().await?;
            return Err(stopped.into());
        }
        if !self.may_go_ahead(&step) {
            self.arrive().await?;
            return self.take(step, Instant::now(), None).await;
        }
        self.send_ahead(step).await;
        self.arrive_to(WINDOW).await
    }

    /// Reads what is not read yet of the answers.
    pub(super) async fn arrive(&mut self) -> Result<(), Stop> {
        self.made().await?;
        self.arrive_to(0).await
    }

    /// Reads answers until no more than so many bytes are ahead of them.
    async fn arrive_to(&mut self, window: usize) -> Result<(), Stop> {
        while self.bytes > window {
            self.made().await?;
            let Some(Ahead { step, since, sent }) = self.ahead.pop_front() else {
                break;
            };
            self.bytes -= sent.bytes;
            self.take(step, since, Some(sent)).await?;
            self.send_refused().await?;
        }
        Ok(())
    }

    async fn send_ahead(&mut self, step: Step<'a>) {
        let (since, sent) = (Instant::now(), self.send(&step, self.packing).await);
        self.bytes += sent.bytes;
        self.ahead.push_back(Ahead { step, since, sent });
    }

    /// Sends anew what was refused behind a step that has got its table locks by now.
    async fn send_refused(&mut self) -> Result<(), Stop> {
        if self.refused.is_empty() {
            return Ok(());
        }
        self.course.check_stop()?;
        for step in std::mem::take(&mut self.refused) {
            self.send_ahead(step).await;
        }
        Ok(())
    }

    /// Reads whether the history table could be made.
    async fn made(&mut self) -> Result<(), Stop> {
        let Some(making) = self.making.take() else {
            return Ok(());
        };
        let work = async { making?.try_for_each(|_| std::future::ready(Ok(()))).await };
        let ended = self.canceller.attend(std::future::pending(), work).await;
        let signalled = self.course.connector.stop.requested();
        let stop = match (ended, signalled) {
            (Some(Ok(())), _) => return Ok(()),
            (None, Some(signal)) => return Err(Stopped { signal }.into()),
            (None, None) => return Err(anyhow::anyhow!("given up without a signal").into()),
            (Some(Err(error)), None) => {
                // Another runner was faster between the look whether it is there and the making, where no lock is held. Who
                // was first is for the first step's guard to find out.
                let server = ServerError::find(&error);
                match server {
                    Some(server) if is_made_by_another(&server) => return Ok(()),
                    Some(server) if server.code == UNTRACKED => untracked(&server).into(),
                    _ => broken("the history table cannot be made", &error).into(),
                }
            }
            (Some(Err(_)), Some(signal)) => Stopped { signal }.into(),
        };
        if matches!(stop, Stop::Failed(Error::Lost(_))) {
            return Err(stop);
        }
        // The steps behind it find no table, unless somebody else has made one at this very moment.
        while let Some(Ahead { step, since, sent }) = self.ahead.pop_front() {
            if self.take(step, since, Some(sent)).await.is_err() {
                break;
            }
        }
        Err(stop)
    }

    /// Nothing goes ahead through a pooler, which may give each transaction to another server process: that those behind
    /// it take what comes behind a failure in the same order, nobody has promised.
    fn may_go_ahead(&self, step: &Step<'_>) -> bool {
        let is_forward = matches!(step.kind, Kind::Forward);
        is_forward && step.leg.script.mode == Mode::Transaction && self.held.is_direct()
    }

    /// Whether the session may remember that it has applied a migration: it is our own, and what it remembers is taken back
    /// with the migration.
    pub(super) fn may_note(&self, migration: &Migration) -> bool {
        migration.mode == Mode::Transaction && self.held.is_direct()
    }

    async fn send(&mut self, step: &Step<'_>, packing: Packing) -> Sent {
        self.course.sends(step);
        let limits = limits(self.course.settings, &step.leg, self.held.is_direct());
        transaction::forward(self.session, step, &limits, packing).await
    }

    /// Takes a step to its end, of which some was sent ahead `since` then.
    async fn take(
        &mut self,
        step: Step<'a>,
        since: Instant,
        sent: Option<Sent>,
    ) -> Result<(), Stop> {
        let migration = step.leg.migration;
        let span = tracing::info_span!("migration", version = %migration.version, description = migration.description, duration_ms = tracing::field::Empty);
        async {
            // The server is at it from the end of the one before.
            let start = since.max(self.answered);
            self.persist(&step, sent).await?;
            self.answered = Instant::now();
            let duration = self.answered.duration_since(start);
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
    async fn persist(&mut self, step: &Step<'_>, mut sent: Option<Sent>) -> Result<(), Stop> {
        let script = &step.leg.script;
        if script.mode == Mode::NoTransaction {
            self.held.require()?;
        }
        let is_direct = self.held.is_direct();
        let limits = limits(self.course.settings, &step.leg, is_direct);
        let mut tries = Tries::new(self.course);
        let mut done = Done::default();
        loop {
            let before = done.here;
            let packing = sent.as_ref().map(|sent| sent.packing);
            let running = Running::new(step, self.session.process);
            let ended = self
                .attempt(step, sent.take(), &limits, &running, &mut done)
                .await;
            if done.here > before {
                self.course.advanced();
            }
            match ended {
                Some(Ok(())) => return Ok(()),
                Some(Err(broken)) => {
                    let left = Left::by_refusal(script, done.statements);
                    let judged = self.judge(step, broken, left);
                    if !matches!(judged, Err(Stop::Failed(Error::Lost(_)))) {
                        self.read_refusals().await;
                        if packing == Some(Packing::Together) {
                            self.roll_back().await;
                        }
                    }
                    let passing = judged?;
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

    /// Whatever was sent behind a step that failed is refused by its guard. Reads that to its end.
    async fn read_refusals(&mut self) {
        self.bytes = 0;
        while let Some(Ahead { step, sent, .. }) = self.ahead.pop_front() {
            let running = Running::new(&step, self.session.process);
            let read = sent.arrive(&running);
            if self
                .canceller
                .attend(std::future::pending(), read)
                .await
                .is_none()
            {
                return;
            }
            self.course.refused(&step);
            self.refused.push(step);
        }
    }

    /// Ends the transaction of a step that was one message, and failed.
    async fn roll_back(&mut self) {
        let rollback = self.session.client.batch_execute("ROLLBACK");
        // Where the connection is gone, so is the transaction.
        let _ = self
            .canceller
            .attend(std::future::pending(), rollback)
            .await;
    }

    /// Takes a step once, watched; sends it, where that was not done before. None where it was stopped, and the server did
    /// not say how it ended.
    async fn attempt(
        &mut self,
        step: &Step<'_>,
        sent: Option<Sent>,
        limits: &Limits,
        running: &Running<'_>,
        done: &mut Done,
    ) -> Option<Result<(), Broken>> {
        let sent = match (sent, step.kind, step.leg.script.mode) {
            (None, Kind::Forward, Mode::Transaction) => Some(self.send(step, Packing::Apart).await),
            (None, ..) => {
                self.course.sends(step);
                None
            }
            (sent, ..) => sent,
        };
        let (session, held, table) = (self.session, self.held, self.course.table());
        let work = async {
            match (sent, step.kind, step.leg.script.mode) {
                (Some(sent), ..) => sent.arrive(running).await,
                (None, Kind::Back { goal, .. }, Mode::Transaction) => {
                    transaction::back(session, table, step, goal, limits, running).await
                }
                (None, ..) => {
                    one_by_one::run(session, held, table, step, limits, running, done).await
                }
            }
        };
        let watch = self.watcher.watch(
            self.course.connector,
            running,
            limits.first_look(),
            self.course.observer,
        );
        self.canceller.attend(watch, work).await
    }

    /// What a step stumbled over means. One that may be tried again is given back.
    fn judge(&mut self, step: &Step<'_>, broken: Broken, left: Left) -> Result<Passing, Stop> {
        let (statement, error) = match &broken {
            Broken::At {
                statement, error, ..
            } => (*statement, error),
            Broken::Differs(differences) => {
                self.course.refused(step);
                let cause = Cause::Differs(differences.clone());
                return Err(self.failed(step, cause, &broken, left));
            }
        };
        if let Some(lost) = Lost::of(error) {
            self.course.was_at(step, statement);
            return Err(lost.into());
        }
        self.course.refused(step);
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
                let is_history = named
                    .is_some_and(|(schema, name)| *schema == table.schema && *name == table.table);
                let is_framing = statement.is_none();
                error.code == UNIQUE_VIOLATION && is_history || is_framing && is_guard(error)
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
        let failure =
            Failure::without_answer(&step.leg, standing, Cause::Signal(signal), left, reason);
        let reach = self.course.reach().unwrap_or(failure.reach);
        Failure { reach, ..failure }.into()
    }
}
