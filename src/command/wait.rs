//! `wait`: until the server answers, or the schema has reached this binary.

use std::time::Duration;

use super::{Question as _, WayTo, ask};
use crate::cli::Goal;
use crate::config::Settings;
use crate::connect::Connector;
use crate::embedded::Migration;
use crate::error::Error;
use crate::patience::Patience;
use crate::report::{Out, WaitReport};

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
    let (mut session, mut plan) = ask(&way, settings, connector).await?;
    loop {
        let report = WaitReport::schema(session.target.clone(), &plan);
        if plan.steps.is_empty() {
            session.close().await;
            return Ok(out.report(&report)?);
        }
        if !limit.0.is_zero() && patience.is_word_due() {
            let pending = plan.steps.len();
            tracing::warn!(pending, "waiting for the schema, up to {limit}");
        }
        if !patience.next_try().await? {
            session.close().await;
            out.report(&report)?;
            return Err(Error::Pending);
        }
        plan = match way.put(&session, settings, connector.stop).await {
            Err(Error::Lost(_)) => {
                session = connector.connect_with(&mut patience).await?;
                continue;
            }
            read => read?,
        };
    }
}
