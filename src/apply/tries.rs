//! How often, and with which pauses, something is tried that others' table locks are in the way of.

use std::time::Duration;

use super::attend::Running;
use super::course::Course;
use super::failure::Cause;
use super::transaction::Broken;
use crate::config::{Settings, Timeout};
use crate::lock::Blocker;
use crate::patience::Patience;
use crate::server_error::ServerError;
use crate::signal::{self, Stopped};

/// `lock_not_available` and `deadlock_detected`: they pass by themselves.
const PASSING: [&str; 2] = ["55P03", "40P01"];

/// The first pause before a migration that did not get its table locks is tried again. Readers that queued behind it
/// get through in that time.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// The longest such pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// For what has to be tried again because of others' table locks.
pub(super) fn patience<'p>(settings: &Settings, stop: &'p signal::Stop) -> Patience<'p> {
    Patience::new(settings.table_lock.budget, FIRST_PAUSE, LONGEST_PAUSE, stop)
}

/// Whether an error passes by itself.
pub(super) fn is_passing(server: &ServerError) -> bool {
    PASSING.contains(&server.code.as_str())
}

/// What a step stumbled over, and what passes by itself.
pub(super) struct Passing {
    pub(super) broken: Broken,
    pub(super) statement: Option<usize>,
    pub(super) reason: String,
}

/// How often a migration was tried, and for how long it may be tried again.
pub(super) struct Tries<'p> {
    patience: Patience<'p>,
    budget: Timeout,
    number: u32,
}

impl<'p> Tries<'p> {
    pub(super) fn new(course: &Course<'p>) -> Self {
        Self {
            patience: patience(course.settings, course.connector.stop),
            budget: course.settings.table_lock.budget,
            number: 1,
        }
    }

    /// Says who is in the way, and pauses before the next try; why there is none.
    pub(super) async fn again(
        &mut self,
        running: &Running<'_>,
        passing: &Passing,
    ) -> Result<(), Cause> {
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

/// Who is in the way, in one line.
pub(super) fn listed(blockers: &[Blocker]) -> String {
    let blockers: Vec<String> = blockers.iter().map(Blocker::to_string).collect();
    blockers.join("; ")
}
