//! `verify`: history against embedded, live schema against the seals.

use super::{WayTo, ask};
use crate::apply::live;
use crate::config::Settings;
use crate::connect::{Connector, Session};
use crate::embedded::Migration;
use crate::error::Error;
use crate::plan::{Plan, Refusal};
use crate::report::{Out, VerifyReport};
use crate::schema::{Schema, Scope, steady};
use crate::signal::Stop;
use crate::source::Version;
use crate::verify::{Drift, Findings, Verdict, judge, others, schemas, sealed};

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
    let findings = eye.look(plan.position, with_others).await?;
    let drift = drift(&findings.verdict);
    let report = VerifyReport::new(session.target.clone(), findings);
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
    ) -> Result<Findings, Error> {
        let sealed = sealed(self.embedded, position)?;
        let names = schemas(self.embedded);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let ignore = &self.settings.verify.ignore;
        let mut live = self.read(Some(&names)).await?;
        let mut verdict = judge(&sealed, position, &live, ignore);
        if !verdict.drift.is_empty() {
            let again = self.read(Some(&names)).await?;
            let second = judge(&sealed, position, &again, ignore);
            let drift = steady(verdict.drift, &live, second.drift.clone(), &again);
            verdict = Verdict { drift, ..second };
            live = again;
        }
        let others = match with_others {
            false => None,
            true => Some(others(self.read(None).await?, &live, &sealed)),
        };
        Ok(Findings {
            verdict,
            building: live.building,
            others,
        })
    }

    async fn read(&self, schemas: Option<&[&str]>) -> Result<Schema, Error> {
        let scope = Scope {
            history: &self.settings.history,
            schemas,
            major: self.session.major(),
            cluster: schemas.is_none(),
        };
        live(self.session, self.settings, self.stop, scope, None).await
    }
}
