//! The edge of the process: arguments and environment in, exit code out.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use dsentr_migrate::cli::Cli;
use dsentr_migrate::config::{Color, Environment, Format};
use dsentr_migrate::embedded::MIGRATIONS;
use dsentr_migrate::error::Error;
use dsentr_migrate::report::{self, ErrorReport, Out, Paint};
use dsentr_migrate::{command, config, log};

fn main() -> ExitCode {
    let cli = Cli::parse();
    // Until the settings are read, the flags alone say how an error is to look.
    let mut out = Out::stdout(config::Output {
        format: cli.options.output.unwrap_or(Format::Text),
        color: cli.options.color.unwrap_or(Color::Auto),
    });
    let mut color = cli.options.color.unwrap_or(Color::Auto);
    match run(&cli, &mut out, &mut color) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tell(&error, &mut out, color);
            ExitCode::from(error.exit_code())
        }
    }
}

fn run(cli: &Cli, out: &mut Out, color: &mut Color) -> Result<(), Error> {
    let environment = Environment::of_process()?;
    let config = config::load(
        &environment,
        cli.given(),
        cli.options.config.as_deref(),
        cli.options.profile.as_deref(),
    )?;
    *out = Out::stdout(config.settings.output);
    *color = config.settings.output.color;
    log::init(&config.settings.log, *color)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the runtime cannot be started")?;
    runtime.block_on(command::run(
        &cli.command,
        &config,
        &environment,
        MIGRATIONS,
        out,
    ))
}

/// The error on stderr for people; on stdout for machines, unless the command's own result has it.
fn tell(error: &Error, out: &mut Out, color: Color) {
    let mut stderr = std::io::stderr();
    let paint = Paint(log::use_color(color, stderr.is_terminal()));
    // Where stderr takes no more, the exit code is all that is left to say.
    let _ = stderr.write_all(report::render_error(error, paint).as_bytes());
    if out.format() == Format::Json && !out.has_document() {
        let _ = out.report(&ErrorReport::new(error));
    }
}
