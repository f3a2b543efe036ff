//! `rollback`: takes back what is applied, newest first.

use std::time::Instant;

use super::drive::{Drive, Errand};
use super::{Question as _, Rows, asked};
use crate::apply::{
    Accepted, Course, Ended, Goal, Task, differing, is_under_way, roll_back, transcript,
};
use crate::config::Settings;
use crate::connect::{Connector, Session};
use crate::embedded::{Migration, Way};
use crate::error::Error;
use crate::history::History;
use crate::lock::Held;
use crate::plan::{BackStep, Extent, Obstacle, Obstacles, RollbackPlan, rollback_plan};
use crate::report::{ErrorReport, Out, Progress, RollbackDryRunReport, RollbackReport};
use crate::schema::Difference;
use crate::source::Version;
use crate::verify::{Unsealed, schemas, sealed};

/// What is to be taken back, and what is accepted with it.
pub(super) struct Back<'a> {
    pub(super) settings: &'a Settings,
    pub(super) connector: &'a Connector<'a>,
    pub(super) embedded: &'a [Migration],
    pub(super) accepted: Accepted,
}

/// A rollback whose end is known: whatever other runners do meanwhile, it goes no further.
struct To<'a> {
    back: &'a Back<'a>,
    version: Option<Version>,
}

/// What was found of a plan that may be carried out.
#[derive(Default)]
struct Findings {
    /// What differs from the sealed schema, and was accepted.
    accepted: Vec<Difference>,
}

impl Back<'_> {
    /// Takes back, or shows what would be sent.
    pub(super) async fn carry_out(
        &self,
        extent: Extent,
        is_dry: bool,
        out: &mut Out,
    ) -> Result<(), Error> {
        if is_dry {
            self.show(extent, out).await
        } else {
            self.run(extent, out).await
        }
    }

    /// Takes back, and reports what was done however it ended.
    async fn run(&self, extent: Extent, out: &mut Out) -> Result<(), Error> {
        let session = self.connector.connect().await?;
        out.text(&format!("{}\n", session.target))?;
        let (mut session, history) = asked(&Rows, session, self.settings, self.connector).await?;
        let first = rollback_plan(self.embedded, &history, extent)?;
        if first.steps.is_empty() {
            let report = RollbackReport::nothing(session.target.clone(), first.position);
            session.close().await;
            return Ok(out.report(&report)?);
        }
        let start = Instant::now();
        let steps = first.steps.iter().map(|step| step.migration);
        let mut progress = Progress::new(out, Way::Back, steps);
        let task = Task::Rollback {
            to: first.to,
            accepted: self.accepted,
        };
        let observer = &mut progress;
        let position = first.position;
        let mut course = Course::new(task, self.settings, self.connector, observer, position);
        let drive = Drive {
            settings: self.settings,
            connector: self.connector,
            errand: &To {
                back: self,
                version: first.to,
            },
        };
        let result = drive.run(&mut session, &mut course).await;
        let result = result.map_err(|error| course.underway(error));
        let standing = course.standing();
        let database = session.target.clone();
        session.close().await;
        match &result {
            // Whoever held the lock before has done everything.
            Ok(()) if standing.done == 0 => {
                let report = RollbackReport::nothing(database, standing.position);
                return Ok(progress.into_out().report(&report)?);
            }
            Err(Error::Migration(failure)) => progress.failed(&failure.name),
            _ => {}
        }
        let error = result.as_ref().err().map(ErrorReport::new);
        let (position, took) = (standing.position, start.elapsed());
        progress.report(|done| RollbackReport::of(database, done, position, took, error))?;
        result
    }

    /// Shows what would be sent, and what is in the way of it.
    async fn show(&self, extent: Extent, out: &mut Out) -> Result<(), Error> {
        let session = self.connector.connect().await?;
        out.text(&format!("-- {}\n", session.target))?;
        let (session, mut history) = asked(&Rows, session, self.settings, self.connector).await?;
        let (plan, result) = loop {
            let plan = rollback_plan(self.embedded, &history, extent)?;
            let result = self.findings(&session, &plan).await;
            // Without the lock, another runner may have come in between.
            let now = self.history(&session).await?;
            if now == history {
                break (plan, result);
            }
            history = now;
        };
        let result = match result {
            Err(error) if !matches!(error, Error::Obstacles(_)) => return Err(error),
            result => result.map(drop),
        };
        let database = session.target.clone();
        let error = result.as_ref().err().map(ErrorReport::new);
        let sql = |step: &BackStep<'_>| transcript(step, self.settings);
        out.report(&RollbackDryRunReport::new(database, &plan, sql, error))?;
        session.close().await;
        result
    }

    async fn history(&self, session: &Session) -> Result<History, Error> {
        Rows.put(session, self.settings, self.connector.stop).await
    }

    /// Looks at the whole way before the first step.
    async fn findings(
        &self,
        session: &Session,
        plan: &RollbackPlan<'_>,
    ) -> Result<Findings, Error> {
        let mut findings = Findings::default();
        if plan.steps.is_empty() {
            return Ok(findings);
        }
        let mut list = plan.obstacles(self.embedded, self.accepted.data_loss);
        let drift = self.drift(session, plan).await?;
        if !drift.is_empty() {
            if self.accepted.drift {
                tell(&drift);
                findings.accepted = drift;
            } else if !is_under_way(session, &self.settings.history, plan).await? {
                let version = plan.position.map(|version| version.to_string());
                list.push(Obstacle::Drift {
                    version: version.unwrap_or_default(),
                    differences: drift,
                });
            }
        }
        if !list.is_empty() {
            return Err(Obstacles { to: plan.to, list }.into());
        }
        Ok(findings)
    }

    /// What differs from the sealed schema of the version that the database is at. Where that is not known, it is an
    /// obstacle of the plan.
    async fn drift(
        &self,
        session: &Session,
        plan: &RollbackPlan<'_>,
    ) -> Result<Vec<Difference>, Error> {
        let names = schemas(self.embedded);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let goal = match self.goal(plan.position, &names, &[]) {
            Ok(goal) => goal,
            Err(_unsealed) => return Ok(Vec::new()),
        };
        differing(session, self.settings, self.connector.stop, &goal).await
    }

    fn goal<'g>(
        &'g self,
        version: Option<Version>,
        schemas: &'g [&'g str],
        accepted: &'g [Difference],
    ) -> Result<Goal<'g>, Unsealed> {
        Ok(Goal {
            version,
            sealed: sealed(self.embedded, version)?,
            schemas,
            ignore: &self.settings.verify.ignore,
            accepted,
        })
    }
}

/// What was accepted must be in the log of who accepted it.
fn tell(drift: &[Difference]) {
    let objects: Vec<&str> = drift.iter().map(Difference::object).collect();
    tracing::warn!(
        objects = objects.join(", "),
        "the schema is not as sealed, which was accepted"
    );
}

impl Errand for To<'_> {
    type Rest = ();

    async fn pass(
        &self,
        session: &Session,
        held: &Held<'_>,
        history: &History,
        course: &mut Course<'_>,
    ) -> Result<Option<()>, Error> {
        let back = self.back;
        let plan = rollback_plan(back.embedded, history, Extent::To(self.version))?;
        if plan.steps.is_empty() {
            return Ok(Some(()));
        }
        let findings = back.findings(session, &plan).await?;
        let schemas = schemas(back.embedded);
        let schemas: Vec<&str> = schemas.iter().map(String::as_str).collect();
        let steps = plan.steps.iter().map(|step| {
            let goal = back.goal(step.to, &schemas, &findings.accepted)?;
            Ok((*step, goal))
        });
        let steps = steps.collect::<Result<Vec<_>, Error>>()?;
        let ended = roll_back(session, held, &steps, course).await?;
        Ok((ended == Ended::AtTarget).then_some(()))
    }
}
