//! What a run has come to know so far. It outlives the connections that the run goes through.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::Observer;
use super::failure::{Failure, Left, Reach, Standing};
use super::step::{Commit, Kind, Leg, Step, Task, WAITS};
use crate::config::{HistoryTable, Settings, SynchronousCommit};
use crate::connect::{Connector, Lost, Session};
use crate::embedded::{Migration, Mode, Way};
use crate::error::{Error, Underway};
use crate::history::{History, Row};
use crate::server_error::describe;
use crate::signal::Stopped;
use crate::source::Version;

/// How often in a row the connection may be lost with nothing done in between. A migration that takes the server down
/// must not do so for ever.
const LOSSES: u32 = 3;

/// How many steps are committed without waiting for the server's disk, at most: what a crash can undo, and what has to be
/// remembered for it.
const UNFLUSHED: usize = 500;

/// A run of `up` or `rollback`, from its first step to its last.
pub struct Course<'a> {
    pub(super) settings: &'a Settings,
    pub(super) connector: &'a Connector<'a>,
    pub(super) observer: &'a mut dyn Observer,
    standing: Standing,
    /// What was sent and is not answered, or was not before the connection was lost.
    doubts: BTreeMap<Version, Doubt>,
    /// What was told as done, and may not be on the server's disk yet.
    unsure: Vec<Doubt>,
    /// How far the run had come when nothing was unsure.
    sure: Standing,
    /// The newest that was ever done.
    furthest: Option<Version>,
    losses: u32,
}

/// For the server to say that what was committed is on its disk.
const PATIENCE: Duration = Duration::from_secs(2);

/// Commits, and waits until that is on the server's disk. A commit only waits where its transaction has written something
/// itself: that it has a number would not do. This writes a message into the server's log that nobody reads; it needs no
/// table, no right, and no more than PostgreSQL 9.6.
const FLUSH: &str = "pg_catalog.pg_logical_emit_message(true, 'dsentr-migrate', 'flush'::text)";

/// A step that was sent and not answered: each is refused unless the one before it is committed, so that those which are
/// committed come first. The history alone knows which.
struct Doubt {
    leg: Leg,
    trace: Trace,
    sent: Instant,
    /// The statement that the server was at when it was heard of last.
    statement: Option<usize>,
    /// None while the answer may still come.
    lost: Option<Lost>,
    /// Whether its commit waits until it is on the server's disk.
    commit: Commit,
    /// How long it took, where it was told as done.
    told: Option<Duration>,
}

/// What tells in the history that a step was committed.
enum Trace {
    /// Its row, if it was written by this, of every try: with the time in it, no other runner wrote the same.
    Written(String),
    /// That its row of this time is gone.
    Removed(Option<String>),
}

/// What the history says of a step that was not answered.
enum Outcome {
    /// It is done, by us.
    Done,
    /// It is done, by somebody else.
    Others,
    /// It is not done.
    Undone,
}

impl Doubt {
    fn outcome(&self, row: Option<&Row>) -> Outcome {
        let time = row.and_then(|row| row.applied_on.as_deref());
        match (&self.trace, row) {
            (Trace::Written(_), None) => Outcome::Undone,
            (Trace::Written(inserts), Some(_)) => match time {
                Some(time) if !time.is_empty() && inserts.contains(time) => Outcome::Done,
                _ => Outcome::Others,
            },
            // Or somebody else has taken it back since; which of them, nothing tells.
            (Trace::Removed(_), None) => Outcome::Done,
            (Trace::Removed(applied_on), Some(_)) if applied_on.as_deref() == time => {
                Outcome::Undone
            }
            // Taken back, and applied again.
            (Trace::Removed(_), Some(_)) => Outcome::Others,
        }
    }
}

impl<'a> Course<'a> {
    /// Nothing is done yet; the newest version in the history is `position`.
    pub fn new(
        task: Task,
        settings: &'a Settings,
        connector: &'a Connector<'a>,
        observer: &'a mut dyn Observer,
        position: Option<Version>,
    ) -> Self {
        let standing = Standing {
            task,
            done: 0,
            position,
        };
        Self {
            settings,
            connector,
            observer,
            standing,
            doubts: BTreeMap::new(),
            unsure: Vec::new(),
            sure: standing,
            furthest: None,
            losses: 0,
        }
    }

    /// Where the history is kept.
    pub(super) fn table(&self) -> &'a HistoryTable {
        &self.settings.history
    }

    /// How far the run has come.
    pub fn standing(&self) -> Standing {
        self.standing
    }

    /// A step is about to be sent.
    pub(super) fn sends(&mut self, step: &Step<'_>) {
        let doubt = self.doubts.entry(step.leg.migration.version);
        let doubt = doubt.or_insert_with(|| Doubt {
            leg: step.leg.clone(),
            trace: match step.kind {
                Kind::Forward => Trace::Written(String::new()),
                Kind::Back { applied_on, .. } => Trace::Removed(applied_on.map(str::to_owned)),
            },
            sent: Instant::now(),
            statement: None,
            lost: None,
            commit: step.commit,
            told: None,
        });
        doubt.commit = step.commit;
        if let Trace::Written(inserts) = &mut doubt.trace {
            inserts.push_str(&step.row);
        }
    }

    /// The connection ended while the server was at this statement of a step.
    pub(super) fn was_at(&mut self, step: &Step<'_>, statement: Option<usize>) {
        if let Some(doubt) = self.doubts.get_mut(&step.leg.migration.version) {
            doubt.statement = statement;
        }
    }

    /// The server has refused a step. A try whose answer was lost before may be committed yet.
    pub(super) fn refused(&mut self, step: &Step<'_>) {
        let version = step.leg.migration.version;
        if let Some(Doubt { lost: None, .. }) = self.doubts.get(&version) {
            self.doubts.remove(&version);
        }
    }

    /// A step is committed, after which the database stands at `position`.
    pub(super) fn done(
        &mut self,
        migration: &Migration,
        position: Option<Version>,
        duration: Duration,
    ) {
        // What is done again after a crash is no progress: else a migration that takes the server down would do so for ever.
        if self
            .furthest
            .is_none_or(|furthest| migration.version > furthest)
        {
            self.furthest = Some(migration.version);
            self.advanced();
        }
        if self.standing.task.way() == Way::Back {
            self.advanced();
        }
        self.standing.done += 1;
        self.standing.position = position;
        self.observer.done(migration, duration);
        match self.doubts.remove(&migration.version) {
            Some(mut doubt) if doubt.commit == Commit::GoesOn => {
                doubt.told = Some(duration);
                self.unsure.push(doubt);
            }
            // The log is written in order: with this one, all before it are on the disk.
            _ => self.is_sure(),
        }
    }

    /// What was done so far is on the server's disk.
    fn is_sure(&mut self) {
        self.unsure.clear();
        self.sure = self.standing;
    }

    /// How many steps may follow one another without waiting for the disk is limited, as is what a crash can undo.
    pub(super) fn commit(&self, is_last: bool, nth: usize) -> Commit {
        let each = self.settings.up.synchronous_commit == SynchronousCommit::Each;
        match is_last || nth.is_multiple_of(UNFLUSHED) {
            _ if each => Commit::AsConfigured,
            true => Commit::Waits,
            false => Commit::GoesOn,
        }
    }

    /// The run ends, or goes on otherwise: waits until what was told as done is on the server's disk.
    pub async fn secure(&mut self, session: &Session) {
        // Where an answer is still awaited, the server is out of reach.
        let is_answered = self.doubts.values().all(|doubt| doubt.lost.is_some());
        if self.unsure.is_empty() || !is_answered {
            return;
        }
        let sql = format!("BEGIN; SELECT {WAITS}, {FLUSH}; COMMIT");
        let flush = session.client.batch_execute(&sql);
        let reason = match tokio::time::timeout(PATIENCE, flush).await {
            Ok(Ok(())) => return self.is_sure(),
            Ok(Err(error)) => describe(&error),
            Err(_) => "no answer in time".to_owned(),
        };
        tracing::warn!(
            reason,
            "the server does not confirm that the last migrations are on its disk; they are within a second, unless it crashes"
        );
        // Where the connection is gone, so is the transaction.
        let _ = session.client.batch_execute("ROLLBACK").await;
    }

    /// Whether the connection was lost, and nothing was done since.
    pub(super) fn is_shaken(&self) -> bool {
        self.losses > 0
    }

    /// Something was done, so that the next loss of the connection is a first one.
    pub(super) fn advanced(&mut self) {
        self.losses = 0;
    }

    /// The connection is lost. Whatever the server still does for it is asked to end.
    ///
    /// # Errors
    /// It was lost too often; `lost` over no migration is returned as it is.
    pub async fn lost(&mut self, session: &Session, lost: Lost) -> Result<(), Error> {
        session.cancel().await;
        self.losses += 1;
        tracing::warn!(reason = lost.reason, "the connection was lost");
        self.doubt_unsure();
        if self.doubts.is_empty() {
            return match self.losses {
                ..LOSSES => Ok(()),
                _ => Err(lost.into()),
            };
        }
        for doubt in self.doubts.values_mut() {
            doubt.lost = Some(lost.clone());
        }
        Ok(())
    }

    /// The server may have crashed, and lost what was not on its disk.
    fn doubt_unsure(&mut self) {
        if !self.unsure.is_empty() {
            self.standing = self.sure;
        }
        for doubt in std::mem::take(&mut self.unsure) {
            self.observer.unsure(&doubt.leg.migration);
            self.doubts.insert(doubt.leg.migration.version, doubt);
        }
    }

    /// The history was read, under the lock: which of the steps that were not answered are in it, it says. `session` is the
    /// one that it was read in.
    ///
    /// # Errors
    /// One of them is not in it, and another try would end alike.
    pub fn settle(&mut self, session: &Session, history: &History) -> Result<(), Error> {
        let losses = self.losses;
        let (lost, answered) = std::mem::take(&mut self.doubts)
            .into_iter()
            .partition(|(_, doubt)| doubt.lost.is_some());
        self.doubts = answered;
        let mut undone = None;
        let mut gone = 0;
        for doubt in BTreeMap::into_values(lost) {
            let version = doubt.leg.migration.version;
            let mut rows = history.rows.iter();
            match (
                doubt.outcome(rows.find(|row| row.version == version)),
                doubt.told,
            ) {
                (Outcome::Done, told) => {
                    let took = told.unwrap_or_else(|| doubt.sent.elapsed());
                    let (migration, ends_at) = (doubt.leg.migration, doubt.leg.ends_at);
                    self.doubts.insert(version, doubt);
                    self.done(&migration, ends_at, took);
                }
                (Outcome::Undone | Outcome::Others, Some(_)) => {
                    gone += 1;
                    self.observer.gone(&doubt.leg.migration);
                }
                // The server process that was at it may still commit it where a pooler is in between. Nothing is sent
                // behind it there; and elsewhere that process has held the lock, so that it is gone.
                (Outcome::Undone, None) if undone.is_none() => {
                    undone = Some(version);
                    self.doubts.insert(version, doubt);
                }
                (Outcome::Undone | Outcome::Others, None) => {}
            }
        }
        if gone > 0 {
            tracing::warn!(
                migrations = gone,
                "the server crashed before what was applied last was on its disk; it is applied again"
            );
        }
        self.standing.position = history.position();
        if self.unsure.is_empty() {
            self.sure = self.standing;
        }
        let Some(doubt) = undone.and_then(|version| self.doubts.get(&version)) else {
            return Ok(());
        };
        // It was lost over the first that is not done, and where others were done since the time before, for the first time.
        if self.losses < losses {
            self.losses = 1;
        }
        // A server that goes down lets nobody in for a while; one that lets us in at once ended this session alone.
        let lost = doubt.lost.clone().unwrap_or_default();
        let on_purpose = lost.is_by_administrator() && session.tries == 1;
        if on_purpose || self.losses >= LOSSES {
            let left = match (doubt.leg.script.mode, doubt.statement) {
                (Mode::Transaction, _) => Left::Nothing,
                (Mode::NoTransaction, Some(statement)) => Left::Statements(statement),
                (Mode::NoTransaction, None) => Left::Unknown,
            };
            let at = (self.standing, doubt.statement);
            return Err(Failure::lost(&doubt.leg, at, self.losses, lost, left).into());
        }
        Ok(())
    }

    /// Where the database stands if all is committed that was sent and not answered.
    pub(super) fn reach(&self) -> Option<Reach> {
        let last = match self.standing.task.way() {
            Way::Forward => self.doubts.values().next_back(),
            Way::Back => self.doubts.values().next(),
        };
        let told = |doubt: &&Doubt| doubt.told.is_some();
        last.map(|doubt| Reach {
            ends_at: doubt.leg.ends_at,
            steps: self.doubts.len(),
            told: self.doubts.values().filter(told).count(),
        })
    }

    /// What ended the run, with how far it had come; as it is where it says so itself or nothing was done.
    pub fn underway(&self, error: Error) -> Error {
        let standing = self.standing;
        let doubt = self.reach();
        let is_begun = standing.done > 0 || doubt.is_some();
        if matches!(error, Error::Migration(_)) || !is_begun {
            return error;
        }
        Error::Underway(Box::new(Underway {
            error,
            standing,
            doubt,
        }))
    }

    /// Refuses to begin a step.
    ///
    /// # Errors
    /// A signal asked for the end.
    pub(super) fn check_stop(&self) -> Result<(), Stopped> {
        let signal = self.connector.stop.requested();
        signal.map_or(Ok(()), |signal| Err(Stopped { signal }))
    }
}
