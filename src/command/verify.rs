//! `verify`: history against embedded, live schema against the seals.

use super::{WayTo, ask};
use crate::apply::live;
use crate::config::{HistoryTable, Settings};
use crate::connect::{Connector, Session};
use crate::embedded::Migration;
use crate::error::Error;
use crate::plan::{Plan, Refusal};
use crate::report::{Out, VerifyReport};
use crate::schema::{Objects, Schema, Scope};
use crate::signal::Stop;
use crate::source::Version;
use crate::verify::{Drift, Verdict, judge, others, schemas, sealed};

/// Two questions: the history, and the schema.
pub(super) async fn verify(
    settings: &Settings,
    connector: &Connector<'_>,
    embedded: &[Migration],
    with_others: bool,
    out: &mut Out,
) -> Result<(), Error> {
    let way = WayTo {
        embedded,
        target: None,
    };
    let (session, plan) = ask(&way, settings, connector).await?;
    refuse_ahead(&plan)?;
    let eye = Eye {
        session: &session,
        settings,
        embedded,
        stop: connector.stop,
    };
    let (verdict, others) = eye.look(plan.position, with_others).await?;
    let drift = drift(&verdict);
    let report = VerifyReport::new(session.target.clone(), verdict, others);
    out.report(&report)?;
    session.close().await;
    drift
}

/// What a newer binary did, this one has no seals of.
pub(super) fn refuse_ahead(plan: &Plan<'_>) -> Result<(), Refusal> {
    if plan.ahead.is_empty() {
        return Ok(());
    }
    Err(Refusal::Ahead {
        versions: plan.ahead.clone(),
    })
}

/// Whether the schema is as it should be, once all is reported.
pub(super) fn drift(verdict: &Verdict) -> Result<(), Error> {
    for object in &verdict.idle {
        tracing::warn!("verify.ignore: {object:?} ignores nothing: take it out");
    }
    if verdict.drift.is_empty() {
        return Ok(());
    }
    Err(Error::Drift(Drift {
        objects: verdict.drift.len(),
        position: verdict.position,
    }))
}

/// Looks at the live schema.
pub(super) struct Eye<'a> {
    pub(super) session: &'a Session,
    pub(super) settings: &'a Settings,
    pub(super) embedded: &'a [Migration],
    pub(super) stop: &'a Stop,
}

impl Eye<'_> {
    /// Compares it with what is sealed for a version. What is not ours is asked for only on request.
    pub(super) async fn look(
        &self,
        position: Option<Version>,
        with_others: bool,
    ) -> Result<(Verdict, Option<Objects>), Error> {
        let sealed = sealed(self.embedded, position)?;
        let names = schemas(self.embedded);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let live = self.read(Some(&names)).await?;
        let verdict = judge(&sealed, position, &live, &self.settings.verify.ignore);
        if !with_others {
            return Ok((verdict, None));
        }
        let everything = self.read(None).await?;
        Ok((verdict, Some(others(&everything, &live, &sealed))))
    }

    async fn read(&self, schemas: Option<&[&str]>) -> Result<Schema, Error> {
        let history: &HistoryTable = &self.settings.history;
        let scope = Scope { history, schemas };
        live(self.session, self.settings, self.stop, scope, None).await
    }
}
