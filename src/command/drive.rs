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
        // It is large, as is the errand's pass below, and would make every caller as large.
        let acquire = Box::pin(self.connector.stop.unless_stopped(acquire));
        // Polled in this order, both are sent before the first is answered: where the lock is free, the history is read
        // under it.
        let (held, history) = tokio::join!(acquire, self.history(session));
        let held = held??;
        let history = held.is_had_at_once().then_some(history);
        let result = self.under(&held, session, history, course).await;
        if !matches!(result, Err(Error::Lost(_))) {
            course.secure(session).await;
        }
        held.release().await;
        result
    }

    /// Plans anew, since whoever held the lock before may have done everything, and again whenever another runner was
    /// faster in spite of the lock.
    async fn under(
        &self,
        held: &Held<'_>,
        session: &Session,
        mut read: Option<Result<History, Error>>,
        course: &mut Course<'_>,
    ) -> Result<E::Rest, Error> {
        loop {
            let history = match read.take() {
                Some(history) => history?,
                None => self.history(session).await?,
            };
            course.settle(session, &history)?;
            let pass = Box::pin(self.errand.pass(session, held, &history, course));
            // Polled in this order, the settings are sent before the first step.
            let ((), passed) = tokio::join!(self.protect(held, session), pass);
            if let Some(rest) = passed? {
                return Ok(rest);
            }
        }
    }

    async fn history(&self, session: &Session) -> Result<History, Error> {
        Rows.put(session, self.settings, self.connector.stop).await
    }

    /// Gives a session of our own its settings.
    async fn protect(&self, held: &Held<'_>, session: &Session) {
        if held.is_direct() {
            // Where the connection is lost or there is a signal, the steps end by that too.
            let protect = self.connector.stop.unless_stopped(session.protect());
            let _ = protect.await;
        }
    }
}
