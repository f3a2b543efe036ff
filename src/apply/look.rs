//! A look at the schema before a step is taken. It changes nothing.

use super::attend::attend;
use super::goal::Goal;
use super::runner::{is_passing, limits_of_look, patience};
use super::transaction::frame;
use crate::config::Settings;
use crate::connect::{Session, broken};
use crate::error::Error;
use crate::foreign::{Claim, claims};
use crate::lock::LockTimeout;
use crate::schema::{Difference, Schema, Scope};
use crate::server_error::ServerError;
use crate::signal::{Stop, Stopped};

/// What differs from the schema that should be there.
///
/// # Errors
/// [`LockTimeout::Schema`], a signal, or the connection is lost.
pub async fn differing(
    session: &Session,
    settings: &Settings,
    stop: &Stop,
    goal: &Goal<'_>,
) -> Result<Vec<Difference>, Error> {
    let look = || once(session, settings, goal);
    patiently(session, settings, stop, UNREADABLE, look).await
}

/// The live schema.
///
/// # Errors
/// [`LockTimeout::Schema`], a signal, or the connection is lost.
pub async fn live(
    session: &Session,
    settings: &Settings,
    stop: &Stop,
    scope: Scope<'_>,
) -> Result<Schema, Error> {
    let look = || Schema::read(&session.client, scope);
    patiently(session, settings, stop, UNREADABLE, look).await
}

/// The live schema, for a role that has made it and is not the owner of the history.
///
/// # Errors
/// As [`live`].
pub async fn live_as(
    session: &Session,
    settings: &Settings,
    stop: &Stop,
    scope: Scope<'_>,
    owner: &str,
) -> Result<Schema, Error> {
    let look = || Schema::read_as(&session.client, scope, owner);
    patiently(session, settings, stop, UNREADABLE, look).await
}

/// What other tools claim to have applied.
///
/// # Errors
/// As [`live`].
pub async fn claimed(
    session: &Session,
    settings: &Settings,
    stop: &Stop,
    scope: Scope<'_>,
) -> Result<Vec<Claim>, Error> {
    let frame = frame(&limits_of_look(settings, true));
    let tables = scope.foreign_tables();
    let client = &session.client;
    let look = || async {
        client.batch_execute(&frame).await?;
        let claims = claims(client, &tables).await;
        let ended = client.batch_execute("ROLLBACK").await;
        let claims = claims?;
        ended.map(|()| claims)
    };
    let purpose = "the history of another tool cannot be read";
    patiently(session, settings, stop, purpose, look).await
}

/// What the errors of a look begin with.
const UNREADABLE: &str = "the schema cannot be read";

/// Definitions cannot be printed while somebody holds a table for himself alone, so it is tried for like a table lock.
pub(super) async fn patiently<T, W>(
    session: &Session,
    settings: &Settings,
    stop: &Stop,
    purpose: &str,
    attempt: impl Fn() -> W,
) -> Result<T, Error>
where
    W: Future<Output = Result<T, tokio_postgres::Error>>,
{
    let mut patience = patience(settings, stop);
    loop {
        let ended = attend(session, stop, std::future::pending(), attempt()).await;
        let error = match (ended, stop.requested()) {
            (Some(Ok(result)), _) => return Ok(result),
            (_, Some(signal)) => return Err(Stopped { signal }.into()),
            (Some(Err(error)), None) => error,
            (None, None) => return Err(anyhow::anyhow!("given up without a signal").into()),
        };
        if !ServerError::find(&error).is_some_and(|server| is_passing(&server)) {
            return Err(broken(purpose, &error));
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
