//! `bootstrap`: makes what is absent, as an administrator, and goes on with `up` where that is asked for.

use super::up::Up;
use crate::bootstrap::Bootstrap;
use crate::config::{Environment, Settings};
use crate::error::Error;
use crate::report::{BootstrapDryRunReport, BootstrapReport, ErrorReport, Out};
use crate::signal::Stop;

/// Shows what would be made.
pub(super) async fn dry_run(
    settings: &Settings,
    environment: &Environment,
    stop: &Stop,
    out: &mut Out,
) -> Result<(), Error> {
    let bootstrap = Bootstrap::new(settings, environment, stop)?;
    let (target, plan) = bootstrap.plan().await?;
    let report = BootstrapDryRunReport::new(target, bootstrap.wanted(), &plan);
    Ok(out.report(&report)?)
}

/// Makes it, and reports what was made however it ended.
pub(super) async fn bootstrap(
    settings: &Settings,
    environment: &Environment,
    stop: &Stop,
    up: Option<&Up<'_>>,
    out: &mut Out,
) -> Result<(), Error> {
    let bootstrap = Bootstrap::new(settings, environment, stop)?;
    let mut done = None;
    let result = bootstrap.run(&mut done).await;
    let error = result.as_ref().err().map(ErrorReport::new);
    if let Some(done) = &done {
        let failed = error.is_some();
        let report = BootstrapReport::new(done, bootstrap.wanted(), error);
        match up {
            Some(_) if !failed => out.report_around(&report, "up")?,
            _ => out.report(&report)?,
        }
    }
    result?;
    match up {
        // In a box: the way of a run is long, and would make this one as large.
        Some(up) => Box::pin(up.run(out)).await,
        None => Ok(()),
    }
}
