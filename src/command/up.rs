//! `up`: applies what is pending.

use std::time::Instant;

use super::asked;
use super::drive::{Drive, Errand};
use crate::apply::{Course, Ended, Task, apply};
use crate::config::Settings;
use crate::connect::{Connector, Session, Target};
use crate::embedded::{Migration, Way};
use crate::error::Error;
use crate::history::History;
use crate::lock::Held;
use crate::plan::{Plan, Refusal, plan};
use crate::report::{ErrorReport, Out, Progress, UpReport};
use crate::source::Version;

/// What is to be brought where.
pub(super) struct Up<'a> {
    pub(super) settings: &'a Settings,
    pub(super) connector: &'a Connector<'a>,
    pub(super) embedded: &'a [Migration],
    pub(super) to: Option<Version>,
}

impl Up<'_> {
    /// Where nothing is pending: connect, one question, done.
    pub(super) async fn run(&self, out: &mut Out) -> Result<(), Error> {
        let session = self.connector.connect().await?;
        // First of all: an operator must see which database this is about, above all where it cannot be asked.
        out.text(&format!("{}\n", session.target))?;
        let (session, history) = asked(session, self.settings, self.connector).await?;
        let first = plan(self.embedded, &history, self.to)?;
        if first.steps.is_empty() {
            let result = self.nothing(session.target.clone(), &first, out);
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
        let result = result.map_err(|error| course.underway(error));
        let standing = course.standing();
        let database = session.target.clone();
        session.close().await;
        match &result {
            // Whoever held the lock before has done everything.
            Ok(rest) if standing.done == 0 => {
                return self.nothing(database, rest, progress.into_out());
            }
            Err(Error::Migration(failure)) => progress.failed(&failure.name),
            _ => {}
        }
        let error = result.as_ref().err().map(ErrorReport::new);
        progress.report(|done| {
            UpReport::of(database, done, standing.position, start.elapsed(), error)
        })?;
        result.map(drop)
    }

    /// Says that nothing is to be done, unless the database being ahead was asked to be an error.
    fn nothing(&self, database: Target, plan: &Plan<'_>, out: &mut Out) -> Result<(), Error> {
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
        let report = UpReport::nothing(database, plan, target, self.embedded.last());
        Ok(out.report(&report)?)
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
        let ended = apply(session, held, self.embedded, history, &plan, course).await?;
        Ok((ended == Ended::AtTarget).then(|| Plan {
            steps: Vec::new(),
            ..plan
        }))
    }
}
