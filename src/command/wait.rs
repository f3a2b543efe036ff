//! `wait`: until the server answers, or the schema has reached this binary.

use std::time::Duration;

use super::{Question as _, WayTo};
use crate::cli::Goal;
use crate::config::{Settings, Timeout};
use crate::connect::Connector;
use crate::embedded::Migration;
use crate::error::Error;
use crate::patience::Patience;
use crate::report::{Out, WaitReport};
use crate::server_error::{INSUFFICIENT_PRIVILEGE, ServerError};

/// The first pause between two looks at the history.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The longest one: what an application waits at most after its schema is there.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Waits up to `wait.timeout`, in which a lost connection is opened again.
pub(super) async fn wait(
    goal: Goal,
    settings: &Settings,
    connector: &Connector<'_>,
    embedded: &[Migration],
    out: &mut Out,
) -> Result<(), Error> {
    match goal {
        Goal::Server => {
            let session = connector.connect().await?;
            let report = WaitReport::server(session.target.clone());
            session.close().await;
            Ok(out.report(&report)?)
        }
        Goal::Schema => wait_for_schema(settings, connector, embedded, out).await,
    }
}

async fn wait_for_schema(
    settings: &Settings,
    connector: &Connector<'_>,
    embedded: &[Migration],
    out: &mut Out,
) -> Result<(), Error> {
    let limit = settings.wait.timeout;
    let mut patience = Patience::new(limit, FIRST_PAUSE, LONGEST_PAUSE, connector.stop);
    let way = WayTo {
        embedded,
        target: None,
    };
    let mut session = connector.connect().await?;
    loop {
        let wanting = match way.put(&session, settings, connector.stop).await {
            Ok(plan) => {
                let report = WaitReport::schema(session.target.clone(), &plan);
                if plan.steps.is_empty() {
                    session.close().await;
                    return Ok(out.report(&report)?);
                }
                Wanting::Steps(report, plan.steps.len())
            }
            Err(Error::Lost(lost)) => {
                tracing::debug!(reason = lost.reason, "the connection was lost");
                if !patience.next_try().await? {
                    return Err(lost.into());
                }
                session = connector.connect_with(&mut patience).await?;
                continue;
            }
            Err(error) if is_forbidden(&error) => Wanting::Leave(error),
            Err(error) => return Err(error),
        };
        // A pause is longer than what many servers allow an idle session.
        connector
            .stop
            .unless_stopped(session.lift_timeouts())
            .await?;
        if !limit.0.is_zero() && patience.is_word_due() {
            wanting.tell(limit);
        }
        if !patience.next_try().await? {
            session.close().await;
            return wanting.end(out);
        }
    }
}

/// What the schema is still waited for.
enum Wanting {
    /// So many migrations are pending.
    Steps(WaitReport, usize),
    /// The history may not be read: the role of an application is granted that by a migration, which is still to come.
    Leave(Error),
}

impl Wanting {
    fn tell(&self, limit: Timeout) {
        match self {
            Self::Steps(_, pending) => {
                tracing::warn!(pending, "waiting for the schema, up to {limit}");
            }
            Self::Leave(error) => tracing::warn!("waiting for the schema, up to {limit}: {error}"),
        }
    }

    /// What is said at the end of the wait.
    fn end(self, out: &mut Out) -> Result<(), Error> {
        match self {
            Self::Steps(report, _) => {
                out.report(&report)?;
                Err(Error::Pending)
            }
            Self::Leave(error) => Err(error),
        }
    }
}

/// Whether the server said that this role may not.
fn is_forbidden(error: &Error) -> bool {
    let Error::Other(error) = error else {
        return false;
    };
    let server = error.downcast_ref::<ServerError>();
    server.is_some_and(|server| server.code == INSUFFICIENT_PRIVILEGE)
}
