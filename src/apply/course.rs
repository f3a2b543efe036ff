//! What a run has come to know so far. It outlives the connections that the run goes through.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::Observer;
use super::failure::{Failure, Left, Reach, Standing};
use super::step::{Kind, Leg, Step, Task};
use crate::config::{HistoryTable, Settings};
use crate::connect::{Connector, Lost, Session};
use crate::embedded::{Migration, Mode, Way};
use crate::error::{Error, Underway};
use crate::history::{History, Row};
use crate::signal::Stopped;
use crate::source::Version;

/// How often in a row the connection may be lost with nothing done in between. A migration that takes the server down
/// must not do so for ever.
const LOSSES: u32 = 3;

/// A run of `up` or `rollback`, from its first step to its last.
pub struct Course<'a> {
    pub(super) settings: &'a Settings,
    pub(super) connector: &'a Connector<'a>,
    pub(super) observer: &'a mut dyn Observer,
    standing: Standing,
    /// What was sent and is not answered, or was not before the connection was lost.
    doubts: BTreeMap<Version, Doubt>,
    losses: u32,
}

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
        Self {
            settings,
            connector,
            observer,
            standing: Standing {
                task,
                done: 0,
                position,
            },
            doubts: BTreeMap::new(),
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
        });
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
        self.doubts.remove(&migration.version);
        self.advanced();
        self.standing.done += 1;
        self.standing.position = position;
        self.observer.done(migration, duration);
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
        for doubt in BTreeMap::into_values(lost) {
            let version = doubt.leg.migration.version;
            let mut rows = history.rows.iter();
            match doubt.outcome(rows.find(|row| row.version == version)) {
                // The server process that was at it may still commit it where a pooler is in between. Nothing is sent
                // behind it there; and elsewhere that process has held the lock, so that it is gone.
                Outcome::Undone if undone.is_none() => {
                    undone = Some(version);
                    self.doubts.insert(version, doubt);
                }
                Outcome::Undone | Outcome::Others => {}
                Outcome::Done => {
                    let took = doubt.sent.elapsed();
                    self.done(&doubt.leg.migration, doubt.leg.ends_at, took);
                }
            }
        }
        self.standing.position = history.position();
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
        last.map(|doubt| Reach {
            ends_at: doubt.leg.ends_at,
            steps: self.doubts.len(),
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
