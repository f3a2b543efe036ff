//! The edge of the process: arguments and environment in, exit code out.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;

use crate::cli::Cli;
use crate::config::{Color, Environment, Format, Output};
use crate::embedded::Migration;
use crate::error::Error;
use crate::report::{self, ErrorReport, Out, Paint};
use crate::signal::Stop;
use crate::{command, config, log};

/// Runs this process as `dsentr-migrate` with these migrations.
pub fn run(embedded: &[Migration]) -> ExitCode {
    let cli = Cli::parse();
    // Until the settings are read, the flags alone say how an error is to look.
    let mut edge = Edge {
        out: Out::stdout(Output {
            format: cli.options.output.unwrap_or(Format::Text),
            color: cli.options.color.unwrap_or(Color::Auto),
        }),
        color: cli.options.color.unwrap_or(Color::Auto),
        termination_log: None,
    };
    let result = edge.carry_out(&cli, embedded);
    edge.summarize(&result);
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            edge.tell(&error);
            ExitCode::from(error.exit_code())
        }
    }
}

/// Where a process tells what came of it.
struct Edge {
    out: Out,
    color: Color,
    termination_log: Option<String>,
}

impl Edge {
    fn carry_out(&mut self, cli: &Cli, embedded: &[Migration]) -> Result<(), Error> {
        let environment = Environment::of_process();
        let profile = cli.options.profile.as_deref();
        let file = cli.options.config.as_deref();
        let load = if cli.command.is_offline() {
            config::load_offline
        } else {
            config::load
        };
        let config = load(&environment, cli.given(), file, profile).inspect_err(|_| {
            self.termination_log = config::termination_log(&environment, profile);
        })?;
        self.out = Out::stdout(config.settings.output);
        self.color = config.settings.output.color;
        let report = &config.settings.report;
        self.termination_log.clone_from(&report.termination_log);
        log::init(&config.settings.log, self.color)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("the runtime cannot be started")?;
        let result = runtime.block_on(async {
            let stop = Stop::on_signals()?;
            command::run(
                &cli.command,
                &config,
                &environment,
                embedded,
                &stop,
                &mut self.out,
            )
            .await
        });
        // A name that is still being looked up would hold us back.
        runtime.shutdown_background();
        result
    }

    /// The error on stderr for people; on stdout for machines, unless the command's own result has it.
    fn tell(&mut self, error: &Error) {
        let mut stderr = std::io::stderr();
        let paint = Paint(log::use_color(self.color, stderr.is_terminal()));
        // Where stderr takes no more, the exit code is all that is left to say.
        let _ = stderr.write_all(report::render_error(error, paint).as_bytes());
        if self.out.format() == Format::Json && !self.out.has_document() {
            let _ = self.out.report(&ErrorReport::new(error));
        }
    }

    /// What came of it where a container platform looks for it. That it cannot be written is no reason to fail.
    fn summarize(&self, result: &Result<(), Error>) {
        let Some(path) = &self.termination_log else {
            return;
        };
        let summary = report::summary(self.out.last_line(), result.as_ref().err());
        if let Err(error) = report::write_summary(path, &summary) {
            tracing::warn!("{path} cannot be written: {error}");
        }
    }
}
