//! The commands: each walks the line config → connect → history → plan → lock → apply → report
//! as far as it has to.

mod adopt;
mod bootstrap;
mod drive;
mod export;
mod rollback;
mod schema;
mod script;
mod up;
mod verify;
mod wait;

use std::pin::Pin;
use std::sync::OnceLock;
use std::time::Duration;

use self::adopt::Adopt;
use self::bootstrap::{bootstrap, dry_run};
use self::export::export;
use self::rollback::Back;
use self::schema::schema;
use self::script::{Asked, script};
use self::up::Up;
use self::verify::{Also, verify};
use self::wait::wait;
use crate::adopt::Wish;
use crate::apply::Accepted;
use crate::cli::Command;
use crate::config::{Config, Environment, Settings};
use crate::connect::{Connector, Session};
use crate::embedded::Migration;
use crate::error::Error;
use crate::history::{Digest, History};
use crate::plan::{Plan, Refusal, compare, plan, plan_after};
use crate::report::{ConfigReport, Out, PlanReport, StatusReport, VersionReport};
use crate::signal::{Stop, Stopped};
use crate::source::Version;

/// For a command to come to an end in order after a signal. It has limits of its own, which together are below this one.
const GRACE: Duration = Duration::from_secs(8);

/// Carries out one command.
///
/// # Errors
/// See [`Error`]; what could be reported was written to `out` before.
pub async fn run(
    command: &Command,
    config: &Config,
    environment: &Environment,
    embedded: &[Migration],
    stop: &Stop,
    out: &mut Out,
) -> Result<(), Error> {
    let settings = &config.settings;
    let connector = &Connector::for_migrations(settings, environment, stop);
    let up = |to, verify| Up {
        settings,
        connector,
        embedded,
        to,
        verify,
        warning: OnceLock::new(),
    };
    // The ways of the commands are long, and would make every caller as large.
    let work: Work<'_> = match command {
        Command::Up { to, verify, .. } => {
            let up = up(*to, *verify);
            Box::pin(async move { up.run(out).await })
        }
        Command::Rollback {
            extent,
            accept_data_loss,
            accept_drift,
            dry_run,
        } => {
            let back = Back {
                settings,
                connector,
                embedded,
                accepted: Accepted {
                    data_loss: *accept_data_loss,
                    drift: *accept_drift,
                },
            };
            let (extent, is_dry) = (extent.extent()?, *dry_run);
            Box::pin(async move { back.carry_out(extent, is_dry, out).await })
        }
        Command::Adopt {
            at,
            accept_differences,
            rebuild_history,
            dry_run,
            sql,
        } => {
            let wish = Wish {
                at: *at,
                accept_differences: *accept_differences,
            };
            let adopt = Adopt::new(settings, connector, embedded, wish, *rebuild_history, *sql);
            let is_shown = *dry_run || *sql;
            Box::pin(async move {
                if is_shown {
                    adopt.show(out).await
                } else {
                    adopt.run(out).await
                }
            })
        }
        Command::Bootstrap { dry_run: true, .. } => {
            Box::pin(dry_run(settings, environment, stop, out))
        }
        Command::Bootstrap { up: is_up, .. } => {
            let then = is_up.then(|| up(None, false));
            Box::pin(
                async move { bootstrap(settings, environment, stop, then.as_ref(), out).await },
            )
        }
        Command::Status { check } => Box::pin(status(settings, connector, embedded, *check, out)),
        Command::Plan { to } => Box::pin(show_plan(settings, connector, embedded, *to, out)),
        Command::Verify { others, sql } => {
            let also = Also {
                others: *others,
                sql: *sql,
            };
            Box::pin(verify(settings, connector, embedded, also, out))
        }
        Command::Wait { goal } => Box::pin(wait(*goal, settings, connector, embedded, out)),
        &Command::Script {
            from,
            to,
            rollback,
            accept_data_loss,
        } => {
            let asked = Asked {
                from,
                to,
                rollback,
                accept_data_loss,
            };
            return script(&asked, settings, embedded, out);
        }
        Command::Schema { format } => return schema(*format, embedded, out),
        Command::Export { folder } => return export(folder, embedded),
        Command::Config => return Ok(out.report(&ConfigReport::new(config.origins()))?),
        Command::Version => return Ok(out.report(&VersionReport::new(embedded))?),
    };
    within_grace(stop, work).await
}

/// What a command does on a connection.
type Work<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + Send + 'a>>;

/// Does what ends by itself soon after a signal; given up where it does not.
async fn within_grace(
    stop: &Stop,
    work: impl Future<Output = Result<(), Error>>,
) -> Result<(), Error> {
    let given_up = async {
        let signal = stop.signalled().await;
        tokio::time::sleep(GRACE).await;
        Error::GivenUp(Stopped { signal })
    };
    tokio::select! {
        biased;
        result = work => result,
        error = given_up => Err(error),
    }
}

async fn status(
    settings: &Settings,
    connector: &Connector<'_>,
    embedded: &[Migration],
    check: bool,
    out: &mut Out,
) -> Result<(), Error> {
    let (session, history) = ask(&Rows, settings, connector).await?;
    let damaged = history.damaged.as_ref();
    if let Some(unreadable) = damaged.filter(|damaged| !damaged.is_readable()) {
        return Err(Refusal::Damaged(unreadable.clone()).into());
    }
    let entries = compare(embedded, &history);
    let position = history.position().map(|version| version.to_string());
    let newest = embedded
        .last()
        .map(|migration| migration.version.to_string());
    out.report(&StatusReport::new(
        session.target.clone(),
        position,
        newest,
        &entries,
        damaged.map_or(&[], |damaged| &damaged.list),
    ))?;
    session.close().await;
    if !check {
        return Ok(());
    }
    match plan(embedded, &history, None)?.steps.len() {
        0 => Ok(()),
        _ => Err(Error::Pending),
    }
}

async fn show_plan(
    settings: &Settings,
    connector: &Connector<'_>,
    embedded: &[Migration],
    to: Option<Version>,
    out: &mut Out,
) -> Result<(), Error> {
    let way = WayTo {
        embedded,
        target: to,
    };
    let (session, plan) = ask(&way, settings, connector).await?;
    let target = session.target.clone();
    session.close().await;
    Ok(out.report(&PlanReport::new(target, &plan))?)
}

/// Connect, one question. Where the connection ends before the answer, as behind a pooler whose server is down, both are
/// tried again, to `wait.timeout`.
async fn ask<Q: Question>(
    question: &Q,
    settings: &Settings,
    connector: &Connector<'_>,
) -> Result<(Session, Q::Answer), Error> {
    let mut patience = connector.patience();
    let mut tries = 0;
    loop {
        let mut session = connector.connect_with(&mut patience).await?;
        tries += session.tries;
        session.tries = tries;
        match question.put(&session, settings, connector.stop).await {
            Ok(answer) => return Ok((session, answer)),
            Err(Error::Lost(lost)) => {
                tracing::debug!(reason = lost.reason, "the connection was lost");
                if !patience.next_try().await? {
                    return Err(lost.into());
                }
            }
            Err(error) => return Err(error),
        }
    }
}

/// The first question to a session, and the session that answered it.
async fn asked<Q: Question>(
    question: &Q,
    session: Session,
    settings: &Settings,
    connector: &Connector<'_>,
) -> Result<(Session, Q::Answer), Error> {
    match question.put(&session, settings, connector.stop).await {
        Err(Error::Lost(_)) => ask(question, settings, connector).await,
        answer => Ok((session, answer?)),
    }
}

/// What a command wants to know of the history.
trait Question {
    type Answer;

    /// Asks it, unless there is a signal. Whoever has the table locked would keep it waiting at the server.
    async fn put(
        &self,
        session: &Session,
        settings: &Settings,
        stop: &Stop,
    ) -> Result<Self::Answer, Error>;
}

/// All rows of the history.
struct Rows;

impl Question for Rows {
    type Answer = History;

    async fn put(
        &self,
        session: &Session,
        settings: &Settings,
        stop: &Stop,
    ) -> Result<History, Error> {
        let history = History::read(session, &settings.history);
        unless_stopped(stop, session, history).await
    }
}

/// What a run to a target would do. One row tells, unless the history is another than that of the embedded migrations.
struct WayTo<'e> {
    embedded: &'e [Migration],
    target: Option<Version>,
}

impl<'e> Question for WayTo<'e> {
    type Answer = Plan<'e>;

    async fn put(
        &self,
        session: &Session,
        settings: &Settings,
        stop: &Stop,
    ) -> Result<Plan<'e>, Error> {
        let digest = Digest::read(session, &settings.history);
        let digest = unless_stopped(stop, session, digest).await?;
        if let Some(applied) = digest.applied(self.embedded) {
            return Ok(plan_after(self.embedded, applied, self.target)?);
        }
        let history = Rows.put(session, settings, stop).await?;
        Ok(plan(self.embedded, &history, self.target)?)
    }
}

async fn unless_stopped<T>(
    stop: &Stop,
    session: &Session,
    reading: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    match stop.unless_stopped(reading).await {
        Ok(read) => read,
        Err(stopped) => {
            session.cancel().await;
            Err(stopped.into())
        }
    }
}
