//! A run under the lock, through as many connections as it takes.

use super::{Question as _, Rows, ask};
use crate::apply::Course;
use crate::config::Settings;
use crate::connect::{Connector, Session};
use crate::error::Error;
use crate::history::History;
use crate::lock::{self, Held};

/// What is done while the lock is held.
pub(super) trait Errand {
    /// What is left where nothing is left to do.
    type Rest;

    /// Plans from this history and takes the steps. None where another runner was faster in spite of the lock.
    async fn pass(
        &self,
        session: &Session,
        held: &Held<'_>,
        history: &History,
        course: &mut Course<'_>,
    ) -> Result<Option<Self::Rest>, Error>;
}

/// Runs an errand.
pub(super) struct Drive<'a, E> {
    pub(super) settings: &'a Settings,
    pub(super) connector: &'a Connector<'a>,
    pub(super) errand: &'a E,
}

impl<E: Errand> Drive<'_, E> {
    /// Goes on until nothing is left to do. What is left is by the errand's last plan.
    pub(super) async fn run(
        &self,
        session: &mut Session,
        course: &mut Course<'_>,
    ) -> Result<E::Rest, Error> {
        loop {
            match self.locked(session, course).await {
                Err(Error::Lost(lost)) => {
                    course.lost(session, lost).await?;
                    // One that answers: a pooler lets us in while its server is down.
                    (*session, _) = ask(&Rows, self.settings, self.connector).await?;
                }
                result => return result,
            }
        }
    }

    async fn locked(&self, session: &Session, course: &mut Course<'_>) -> Result<E::Rest, Error> {
        let acquire = lock::acquire(session, self.connector, self.settings);
        let held = self.connector.stop.unless_stopped(acquire).await??;
        let result = self.under(&held, session, course).await;
        held.release().await;
        result
    }

    /// Plans anew, since whoever held the lock before may have done everything, and again whenever another runner was
    /// faster in spite of the lock.
    async fn under(
        &self,
        held: &Held<'_>,
        session: &Session,
        course: &mut Course<'_>,
    ) -> Result<E::Rest, Error> {
        loop {
            let history = self.history_of(held, session).await?;
            course.settle(session, &history)?;
            let passed = self.errand.pass(session, held, &history, course).await?;
            if let Some(rest) = passed {
                return Ok(rest);
            }
        }
    }

    async fn history(&self, session: &Session) -> Result<History, Error> {
        Rows.put(session, self.settings, self.connector.stop).await
    }

    /// The history, and the settings of a session of our own, in one round trip.
    async fn history_of(&self, held: &Held<'_>, session: &Session) -> Result<History, Error> {
        if !held.is_direct() {
            return self.history(session).await;
        }
        // Polled in this order, both are sent before the first is answered.
        let protect = self.connector.stop.unless_stopped(session.protect());
        let (protected, history) = tokio::join!(protect, self.history(session));
        protected??;
        history
    }
}
