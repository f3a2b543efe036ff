//! A look at the schema before a step is taken. It changes nothing.

use super::attend::attend;
use super::goal::Goal;
use super::runner::{is_passing, limits_of_look, patience};
use super::transaction::frame;
use crate::config::Settings;
use crate::connect::{Session, broken};
use crate::error::Error;
use crate::lock::LockTimeout;
use crate::schema::Difference;
use crate::server_error::ServerError;
use crate::signal::{Stop, Stopped};

/// What differs from the schema that should be there. Definitions cannot be printed while somebody holds a table for
/// himself alone, so it is tried for like a table lock.
///
/// # Errors
/// [`LockTimeout::Schema`], a signal, or the connection is lost.
pub async fn differing(
    session: &Session,
    settings: &Settings,
    stop: &Stop,
    goal: &Goal<'_>,
) -> Result<Vec<Difference>, Error> {
    let mut patience = patience(settings, stop);
    loop {
        let work = once(session, settings, goal);
        let ended = attend(session, stop, std::future::pending(), work).await;
        let error = match (ended, stop.requested()) {
            (Some(Ok(differences)), _) => return Ok(differences),
            (_, Some(signal)) => return Err(Stopped { signal }.into()),
            (Some(Err(error)), None) => error,
            (None, None) => return Err(anyhow::anyhow!("given up without a signal").into()),
        };
        if !ServerError::find(&error).is_some_and(|server| is_passing(&server)) {
            return Err(broken("the schema cannot be read", &error));
        }
        if patience.is_word_due() {
            let limit = patience.limit();
            tracing::warn!(
                "the schema cannot be read while somebody holds a table for himself alone: trying again, for up to {limit}"
            );
        }
        if !patience.next_try().await? {
            let waited = patience.limit();
            return Err(LockTimeout::Schema { waited }.into());
        }
    }
}

async fn once(
    session: &Session,
    settings: &Settings,
    goal: &Goal<'_>,
) -> Result<Vec<Difference>, tokio_postgres::Error> {
    // Whether a pooler is in between does not matter: all is for the transaction alone.
    let frame = frame(&limits_of_look(settings, true));
    let client = &session.client;
    client.batch_execute(&frame).await?;
    let missed = goal.missed(session, &settings.history).await;
    // Where the connection is gone, so is the transaction.
    let ended = client.batch_execute("ROLLBACK").await;
    let missed = missed?;
    ended.map(|()| missed)
}
