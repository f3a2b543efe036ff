//! `verify`: history against embedded, live schema against the seals.

use super::{WayTo, ask};
use crate::apply::live;
use crate::config::Settings;
use crate::connect::{Connector, Session, Target};
use crate::embedded::Migration;
use crate::error::Error;
use crate::plan::{Plan, Refusal};
use crate::repair::{Ground, Repair, repair};
use crate::report::{Out, RepairReport, VerifyReport};
use crate::schema::{Schema, Scope, steady};
use crate::script::repair_file;
use crate::signal::Stop;
use crate::source::Version;
use crate::verify::{Drift, Findings, Verdict, judge, others, schemas, sealed};

/// Two questions: the history, and the schema.
pub(super) async fn verify(
    settings: &Settings,
    connector: &Connector<'_>,
    embedded: &[Migration],
    also: Also,
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
    let mut findings = eye.look(plan.position, also).await?;
    let drift = drift(&findings.verdict);
    let target = &session.target;
    let repair = findings.repair.take();
    let repair = repair.map(|repair| repair_report(repair, target, plan.position));
    let report = VerifyReport::new(target.clone(), findings, repair);
    out.report(&report)?;
    session.close().await;
    drift
}

/// What is looked for beside what differs.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Also {
    /// What is not ours.
    pub(super) others: bool,
    /// The SQL that brings the schema to what is sealed.
    pub(super) sql: bool,
}

/// A repair as a file, and for machines.
pub(super) fn repair_report(
    repair: Repair,
    target: &Target,
    position: Option<Version>,
) -> RepairReport {
    let goal = position.map_or_else(
        || "an empty schema".to_owned(),
        |version| format!("the schema sealed at {version}"),
    );
    let file = repair_file(&repair, target, &goal);
    RepairReport::new(repair, file)
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

/// What a repair is made from, as it was read over a session.
pub(super) fn ground<'a>(live: &'a Schema, session: &'a Session) -> Ground<'a> {
    Ground {
        live,
        database: &session.target.database,
        role: &session.target.user,
        major: session.major(),
    }
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
        also: Also,
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
            let drift = steady(&verdict.drift, &live, second.drift.clone(), &again);
            verdict = Verdict { drift, ..second };
            live = again;
        }
        let repair = also.sql.then(|| {
            let ground = ground(&live, self.session);
            repair(ground, sealed.clone(), &verdict.drift)
        });
        let others = if also.others {
            Some(others(self.read(None).await?, &live, &sealed))
        } else {
            None
        };
        Ok(Findings {
            verdict,
            building: live.building,
            others,
            repair,
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
