//! The commands: each walks the line config → connect → history → plan → lock → apply → report
//! as far as it has to.

use std::path::Path;
use std::time::Instant;

use anyhow::Context;

use crate::apply::{self, Ended};
use crate::cli::Command;
use crate::config::{Config, ConfigError, Environment, Settings};
use crate::connect::{Session, connect};
use crate::embedded::Migration;
use crate::error::Error;
use crate::history::History;
use crate::lock;
use crate::plan::{Plan, Refusal, compare, plan};
use crate::report::{
    ConfigReport, ErrorReport, Out, PlanReport, Progress, StatusReport, UpReport, VersionReport,
};
use crate::source::Version;

/// Carries out one command.
///
/// # Errors
/// See [`Error`]; what could be reported was written to `out` before.
pub async fn run(
    command: &Command,
    config: &Config,
    environment: &Environment,
    embedded: &[Migration],
    out: &mut Out,
) -> Result<(), Error> {
    match command {
        Command::Up { to, .. } => up(&config.settings, environment, embedded, *to, out).await,
        Command::Status { check } => {
            status(&config.settings, environment, embedded, *check, out).await
        }
        Command::Plan { to } => show_plan(&config.settings, environment, embedded, *to, out).await,
        Command::Export { folder } => export(folder, embedded),
        Command::Config => Ok(out.report(&ConfigReport::new(config.origins()))?),
        Command::Version => Ok(out.report(&VersionReport::new(embedded))?),
    }
}

/// Applies what is pending. Where nothing is: connect, one question, done.
async fn up(
    settings: &Settings,
    environment: &Environment,
    embedded: &[Migration],
    to: Option<Version>,
    out: &mut Out,
) -> Result<(), Error> {
    let session = connect(&settings.database, environment).await?;
    let result = up_with(&session, settings, embedded, to, out).await;
    session.close().await;
    result
}

async fn up_with(
    session: &Session,
    settings: &Settings,
    embedded: &[Migration],
    to: Option<Version>,
    out: &mut Out,
) -> Result<(), Error> {
    out.text(&format!("{}\n", session.target))?;
    let history = History::read(session, &settings.history).await?;
    let first = plan(embedded, &history, to)?;
    if first.steps.is_empty() {
        return finish(session, settings, embedded, to, &first, out);
    }
    let held = lock::acquire(session, &settings.history, settings.lock.timeout).await?;
    let result = up_locked(session, settings, embedded, to, &first, out).await;
    let released = held.release().await;
    result.and(released)
}

/// Plans anew, since whoever held the lock before may have done everything, and again whenever
/// another runner was faster in spite of the lock.
async fn up_locked(
    session: &Session,
    settings: &Settings,
    embedded: &[Migration],
    to: Option<Version>,
    first: &Plan<'_>,
    out: &mut Out,
) -> Result<(), Error> {
    let start = Instant::now();
    let mut progress = Progress::new(out, first);
    loop {
        let history = History::read(session, &settings.history).await?;
        let plan = plan(embedded, &history, to)?;
        if plan.steps.is_empty() && progress.is_empty() {
            return finish(session, settings, embedded, to, &plan, out);
        }
        let result = apply::apply(
            session,
            &settings.history,
            embedded,
            &history,
            &plan,
            &mut progress,
        )
        .await;
        if matches!(result, Ok(Ended::Overtaken)) {
            continue;
        }
        if let Err(Error::Migration(failure)) = &result {
            progress.failed(&failure.name);
        }
        let error = result.as_ref().err().map(ErrorReport::new);
        let report = progress.report(
            session.target.clone(),
            plan.position,
            start.elapsed(),
            error,
        );
        out.report(&report)?;
        return result.map(drop);
    }
}

/// Nothing is to be done: says so, unless the database being ahead was asked to be an error.
fn finish(
    session: &Session,
    settings: &Settings,
    embedded: &[Migration],
    to: Option<Version>,
    plan: &Plan<'_>,
    out: &mut Out,
) -> Result<(), Error> {
    if settings.up.strict && !plan.ahead.is_empty() {
        return Err(Refusal::Ahead {
            versions: plan.ahead.clone(),
        }
        .into());
    }
    let target = to.and_then(|to| embedded.iter().find(|migration| migration.version == to));
    out.report(&UpReport::nothing(
        session.target.clone(),
        plan,
        target,
        embedded.last(),
    ))?;
    Ok(())
}

async fn status(
    settings: &Settings,
    environment: &Environment,
    embedded: &[Migration],
    check: bool,
    out: &mut Out,
) -> Result<(), Error> {
    let (session, history) = ask(settings, environment).await?;
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
    environment: &Environment,
    embedded: &[Migration],
    to: Option<Version>,
    out: &mut Out,
) -> Result<(), Error> {
    let (session, history) = ask(settings, environment).await?;
    let target = session.target.clone();
    session.close().await;
    let plan = plan(embedded, &history, to)?;
    Ok(out.report(&PlanReport::new(target, &plan))?)
}

/// Connect, one question.
async fn ask(settings: &Settings, environment: &Environment) -> Result<(Session, History), Error> {
    let session = connect(&settings.database, environment).await?;
    let history = History::read(&session, &settings.history).await?;
    Ok((session, history))
}

/// Writes everything beside the folder first, and moves it into place at the end: the folder is
/// there in full or not at all.
fn export(folder: &Path, embedded: &[Migration]) -> Result<(), Error> {
    if folder
        .read_dir()
        .is_ok_and(|mut entries| entries.next().is_some())
    {
        return Err(
            ConfigError::new(format!("the folder {} is not empty", folder.display()))
                .with_help("name a folder that does not exist yet")
                .into(),
        );
    }
    let parent = folder
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    std::fs::create_dir_all(parent)
        .with_context(|| format!("the folder {} cannot be made", parent.display()))?;
    let name = folder
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let staging = parent.join(format!(".{name}.{}", std::process::id()));
    let result = write_files(&staging, embedded).and_then(|()| {
        std::fs::rename(&staging, folder).with_context(|| {
            format!(
                "{} cannot be moved to {}",
                staging.display(),
                folder.display()
            )
        })
    });
    if result.is_err() {
        // What matters is why it failed; a folder that stays behind is a lesser evil.
        let _ = std::fs::remove_dir_all(&staging);
    }
    Ok(result?)
}

fn write_files(folder: &Path, embedded: &[Migration]) -> anyhow::Result<()> {
    let write = |name: String, bytes: &[u8]| {
        let path = folder.join(name);
        std::fs::write(&path, bytes)
            .with_context(|| format!("{} cannot be written", path.display()))
    };
    std::fs::create_dir(folder)
        .with_context(|| format!("the folder {} cannot be made", folder.display()))?;
    for migration in embedded {
        write(
            format!("{}.sql", migration.stem),
            migration.text().as_bytes(),
        )?;
    }
    write(
        "SHA256SUMS".to_owned(),
        VersionReport::new(embedded).sums().as_bytes(),
    )
}
