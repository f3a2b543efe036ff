//! A look at the schema before a step is taken. It changes nothing.

use super::attend::attend;
use super::goal::Goal;
use super::limits::{limits_of_look, statements};
use super::transaction::frame_in;
use super::tries::{is_passing, listed, patience};
use crate::config::Settings;
use crate::connect::{Session, broken};
use crate::error::Error;
use crate::foreign::{Claim, History, claims, histories, history_tables};
use crate::lock::{Blocker, LockTimeout};
use crate::schema::{Difference, Schema, Scope, literal};
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
    let look = || {
        let missed = goal.missed(session, &settings.history);
        framed(session, settings, missed)
    };
    patiently(session, settings, stop, UNREADABLE, look).await
}

/// The live schema; for the owner of the history, or for another role that has made it.
///
/// # Errors
/// [`LockTimeout::Schema`], a signal, or the connection is lost.
pub async fn live(
    session: &Session,
    settings: &Settings,
    stop: &Stop,
    scope: Scope<'_>,
    owner: Option<&str>,
) -> Result<Schema, Error> {
    // Whether a pooler is in between does not matter: all is for the transaction alone.
    let limits = limits_of_look(settings, true).timeouts();
    let limits = session.without_timeouts() + &statements("SET LOCAL", limits);
    let look = || Schema::read_limited(&session.client, scope, owner, &limits);
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
    let tables = scope.foreign_tables();
    let look = || framed(session, settings, claims(&session.client, &tables));
    let purpose = "the history of another tool cannot be read";
    patiently(session, settings, stop, purpose, look).await
}

/// Histories in the form of ours, in other schemas than the one of the settings.
///
/// # Errors
/// As [`live`].
pub async fn elsewhere(
    session: &Session,
    settings: &Settings,
    stop: &Stop,
) -> Result<Vec<History>, Error> {
    let ours = &settings.history;
    let tables = history_tables().replace("{history_schema}", &literal(&ours.schema));
    let look = || framed(session, settings, histories(&session.client, &tables, ours));
    let purpose = "a history in another schema cannot be read";
    patiently(session, settings, stop, purpose, look).await
}

/// What the errors of a look begin with.
const UNREADABLE: &str = "the schema cannot be read";

/// Definitions cannot be printed while somebody holds a table for himself alone, so it is tried for like a table lock. An
/// attempt sets limits for itself, and ends the transaction in which it has failed.
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
            let blockers = Blocker::exclusive(session).await;
            tracing::warn!(
                blockers = listed(&blockers),
                "the schema cannot be read while somebody holds a table for himself alone: trying again, for up to {limit}"
            );
        }
        if !patience.next_try().await? {
            return Err(LockTimeout::Schema {
                waited: patience.limit(),
                blockers: Blocker::exclusive(session).await,
            }
            .into());
        }
    }
}

/// Looks from inside of a transaction with limits, and ends it.
async fn framed<T>(
    session: &Session,
    settings: &Settings,
    look: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T, tokio_postgres::Error> {
    // As above.
    let frame = frame_in(session, &limits_of_look(settings, true));
    let client = &session.client;
    client.batch_execute(&frame).await?;
    let seen = look.await;
    // Where the connection is gone, so is the transaction.
    let ended = client.batch_execute("ROLLBACK").await;
    let seen = seen?;
    ended.map(|()| seen)
}
