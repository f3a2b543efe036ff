//! `cargo migration`: writes a new migration from a template, proves migrations on real servers, and seals them. It also
//! writes the manual of `dsentr-migrate`, which need not carry what makes its own pages.
//!
//! Data flows one way: project → subject → server → walk → agree → seal. Only the walk changes a database, and only one
//! that was made for it. What a seal looks like, and what the build makes of it, is the checks' to know.

mod agree;
mod changes;
mod cli;
mod diff;
mod error;
mod failure;
mod manual;
mod measure;
mod new;
mod project;
mod prove;
mod remains;
mod rows;
mod script;
mod seal;
mod server;
mod session;
mod state;
mod subject;
mod throwaway;
mod walk;

use std::io::Write;
use std::process::ExitCode;
use std::time::SystemTime;

use anyhow::Context;
use clap::Parser;

use self::cli::{Cli, Command};
use self::error::Error;
use self::project::Project;
use crate::error::exit_code;
use crate::signal::Stop;
use crate::source::Day;

/// Runs this process as `cargo migration`.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    match carry_out(cli) {
        Ok(report) => match print(&report) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::from(exit_code::FAILED),
        },
        Err(error) => {
            // Where stderr takes no more, the exit code is all that is left to say.
            let _ = std::io::stderr().write_all(error.render().as_bytes());
            ExitCode::from(error.exit_code())
        }
    }
}

fn carry_out(cli: Cli) -> Result<String, Error> {
    let project = Project::at(cli.folder);
    match cli.command {
        Command::New { description } => new::new(&project, &description.join(" "), today()),
        Command::Seal { all, on } => {
            with_servers(async |stop| seal::seal(&project, all, &on, &stop).await)
        }
        Command::Check { on } => with_servers(async |stop| seal::check(&project, &on, &stop).await),
        Command::Manual { into } => manual::write(&into),
    }
}

/// Does what needs servers, with an ear for signals.
fn with_servers(work: impl AsyncFnOnce(Stop) -> Result<String, Error>) -> Result<String, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the runtime cannot be started")?;
    let result = runtime.block_on(async { work(Stop::on_signals()?).await });
    // A server that is still being fetched would hold us back.
    runtime.shutdown_background();
    result
}

/// The day in UTC.
fn today() -> Day {
    let since = SystemTime::UNIX_EPOCH.elapsed();
    Day::from_unix(since.map_or(0, |since| since.as_secs()))
}

/// A reader that has gone away is no error.
fn print(report: &str) -> std::io::Result<()> {
    let mut stdout = std::io::stdout();
    match stdout
        .write_all(report.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}
