//! The lock, held, and how it is given back.

use std::time::Duration;

use super::{LockTimeout, PURPOSE};
use crate::connect::{Session, broken};

/// For the server to confirm that the lock is free.
const UNLOCK_PATIENCE: Duration = Duration::from_secs(1);

/// The lock, held. It ends with its session at the latest.
pub enum Held<'a> {
    /// By the session that does the work.
    BySession {
        /// That session.
        session: &'a Session,
        /// The lock's number.
        key: i64,
        /// Whether it was free when it was asked for.
        at_once: bool,
    },
    /// By an open transaction of a second session. Through a pooler that is the one thing that stays with one server
    /// process; it holds no snapshot, so nothing waits for it.
    ByTransaction(Box<Session>),
    /// By nobody: the pooler has no second connection for us. The history row still decides.
    Nowhere,
}

impl Held<'_> {
    /// Whether the session that does the work has its server process for itself, so that what is set there stays.
    pub fn is_direct(&self) -> bool {
        matches!(self, Self::BySession { .. })
    }

    /// Whether nobody else had it when it was asked for: what was asked behind it was answered under it.
    pub fn is_had_at_once(&self) -> bool {
        matches!(self, Self::BySession { at_once: true, .. })
    }

    /// Refuses what nobody else may do at the same time, where nobody holds the lock.
    ///
    /// # Errors
    /// [`LockTimeout::NoConnection`].
    pub fn require(&self) -> Result<(), LockTimeout> {
        match self {
            Self::BySession { .. } | Self::ByTransaction(_) => Ok(()),
            Self::Nowhere => Err(LockTimeout::NoConnection),
        }
    }

    /// Asks the server whether the lock is still held. The session's own would be lost together with the session.
    ///
    /// # Errors
    /// The connection that held it is lost.
    pub async fn confirm(&self) -> Result<(), tokio_postgres::Error> {
        match self {
            Self::BySession { .. } | Self::Nowhere => Ok(()),
            Self::ByTransaction(session) => session.client.simple_query("SELECT").await.map(drop),
        }
    }

    /// Gives the lock back. A lost connection has done so already, and one that is out of reach will.
    pub async fn release(self) {
        match self {
            Self::BySession { session, key, .. } => {
                unlock(
                    session,
                    &format!("SELECT pg_catalog.pg_advisory_unlock({key})"),
                )
                .await;
            }
            Self::ByTransaction(session) => {
                unlock(&session, "ROLLBACK").await;
                session.close().await;
            }
            Self::Nowhere => {}
        }
    }
}

async fn unlock(session: &Session, sql: &str) {
    let answer = session.client.simple_query(sql);
    match tokio::time::timeout(UNLOCK_PATIENCE, answer).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::debug!(error = %broken(PURPOSE, &error), "not unlocked"),
        Err(_) => tracing::debug!("not unlocked: the server does not answer"),
    }
}
