//! `up`: applies what is pending.

use std::sync::OnceLock;
use std::time::Instant;

use super::drive::{Drive, Errand};
use super::verify::{Also, Eye, drift, refuse_ahead};
use super::{WayTo, asked};
use crate::apply::{Course, Ended, Standing, Task, apply};
use crate::config::Settings;
use crate::connect::{Connector, Session};
use crate::embedded::{Migration, Way};
use crate::error::Error;
use crate::history::{History, Owner};
use crate::lock::Held;
use crate::plan::{Plan, Refusal, plan};
use crate::report::{ErrorReport, FoundReport, Out, Progress, UpReport};
use crate::source::Version;
use crate::verify::Findings;

/// What is to be brought where.
pub(super) struct Up<'a> {
    pub(super) settings: &'a Settings,
    pub(super) connector: &'a Connector<'a>,
    pub(super) embedded: &'a [Migration],
    pub(super) to: Option<Version>,
    /// Whether the schema is compared with the seals whatever was done.
    pub(super) verify: bool,
    /// What is said of the role, once, where the history is another's.
    pub(super) warning: OnceLock<String>,
}

impl Up<'_> {
    /// Where nothing is pending: connect, one question, done.
    pub(super) async fn run(&self, out: &mut Out) -> Result<(), Error> {
        let session = self.connector.connect().await?;
        // First of all: an operator must see which database this is about, above all where it cannot be asked.
        out.text(&format!("{}\n", session.target))?;
        let way = WayTo {
            embedded: self.embedded,
            target: self.to,
        };
        let (session, first) = asked(&way, session, self.settings, self.connector).await?;
        if first.steps.is_empty() {
            let result = self.nothing(&session, &first, out).await;
            session.close().await;
            return result;
        }
        self.apply(session, &first, out).await
    }

    /// Applies, and reports what was done however it ended.
    async fn apply(
        &self,
        mut session: Session,
        first: &Plan<'_>,
        out: &mut Out,
    ) -> Result<(), Error> {
        let start = Instant::now();
        let mut progress = Progress::new(out, Way::Forward, first.steps.iter().copied());
        let observer = &mut progress;
        let mut course = Course::new(
            Task::Up,
            self.settings,
            self.connector,
            observer,
            first.position,
        );
        let drive = Drive {
            settings: self.settings,
            connector: self.connector,
            errand: self,
        };
        let result = drive.run(&mut session, &mut course).await;
        let took = start.elapsed();
        let standing = course.standing();
        let (result, found) = match result {
            Ok(rest) if standing.done > 0 => self.seen(&session, rest, standing).await,
            result => (result, None),
        };
        let result = result.map_err(|error| course.underway(error));
        match &result {
            // Whoever held the lock before has done everything.
            Ok(rest) if standing.done == 0 => {
                let result = self.nothing(&session, rest, progress.into_out()).await;
                session.close().await;
                return result;
            }
            Err(Error::Migration(failure)) => progress.failed(&failure.name),
            _ => {}
        }
        let database = session.target.clone();
        session.close().await;
        let error = result.as_ref().err().map(ErrorReport::new);
        progress.report(|done| {
            let report = UpReport::of(database, done, standing.position, took, error, found);
            report.with_warning(self.warning.get())
        })?;
        result.map(drop)
    }

    /// What a run makes belongs to its role: another than the owner of the history cannot be what was meant.
    fn warn_of_owner(&self, history: &History) {
        let Some(warning) = history.owner.as_ref().and_then(of_other_owner) else {
            return;
        };
        if self.warning.set(warning.clone()).is_ok() {
            tracing::warn!("{warning}");
        }
    }

    /// How the schema stands after a run that applied something, where that is wanted. A build that is not sealed is the
    /// developer's own, and no reason to fail unless it was asked for.
    async fn seen<'p>(
        &self,
        session: &Session,
        rest: Plan<'p>,
        standing: Standing,
    ) -> (Result<Plan<'p>, Error>, Option<FoundReport>) {
        if !self.verify && !self.settings.up.verify {
            return (Ok(rest), None);
        }
        match self.look(session, standing.position).await {
            Ok(findings) => {
                let result = drift(&findings.verdict).map(|()| rest);
                (result, Some(FoundReport::new(findings)))
            }
            Err(Error::Unsealed(unsealed)) if !self.verify => {
                tracing::warn!("the schema was not verified: {unsealed}");
                (Ok(rest), None)
            }
            Err(error) => (Err(error), None),
        }
    }

    async fn look(&self, session: &Session, position: Option<Version>) -> Result<Findings, Error> {
        let eye = Eye {
            session,
            settings: self.settings,
            embedded: self.embedded,
            stop: self.connector.stop,
        };
        eye.look(position, Also::default()).await
    }

    /// Says that nothing is to be done, unless the database being ahead was asked to be an error.
    async fn nothing(
        &self,
        session: &Session,
        plan: &Plan<'_>,
        out: &mut Out,
    ) -> Result<(), Error> {
        if self.settings.up.strict && !plan.ahead.is_empty() {
            return Err(Refusal::Ahead {
                versions: plan.ahead.clone(),
            }
            .into());
        }
        let target = self.to.and_then(|to| {
            let mut all = self.embedded.iter();
            all.find(|migration| migration.version == to)
        });
        let database = session.target.clone();
        let report = UpReport::nothing(database, plan, target, self.embedded.last());
        if !self.verify {
            return Ok(out.report(&report)?);
        }
        refuse_ahead(plan)?;
        let findings = self.look(session, plan.position).await?;
        let drift = drift(&findings.verdict);
        out.report(&report.with(FoundReport::new(findings)))?;
        drift
    }
}

impl<'a> Errand for Up<'a> {
    /// A plan without steps.
    type Rest = Plan<'a>;

    async fn pass(
        &self,
        session: &Session,
        held: &Held<'_>,
        history: &History,
        course: &mut Course<'_>,
    ) -> Result<Option<Plan<'a>>, Error> {
        let plan = plan(self.embedded, history, self.to)?;
        if plan.steps.is_empty() {
            return Ok(Some(plan));
        }
        self.warn_of_owner(history);
        let ended = apply(session, held, self.embedded, history, &plan, course).await?;
        Ok((ended == Ended::AtTarget).then(|| Plan {
            steps: Vec::new(),
            ..plan
        }))
    }
}

/// What follows from a role that is not the owner of the history; none where it is.
fn of_other_owner(owner: &Owner) -> Option<String> {
    let Owner {
        name,
        current,
        grants_by_default,
    } = owner;
    if name == current {
        return None;
    }
    let granted = if *grants_by_default {
        format!(
            "; what {name} grants on new tables by default is not granted on them, so that the application may be unable to read them"
        )
    } else {
        String::new()
    };
    Some(format!(
        "the history belongs to {name}, and this run is made by {current}: new objects will belong to {current}, and {name} cannot change them{granted}; \
         run it as {name} (database.user), or as a member of it with database.options set to \"-c role={name}\""
    ))
}
