//! The voice on stderr: tracing, as text for people or as JSON for machines.

use std::io::{IsTerminal, Write as _, stderr};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use tracing::level_filters::{LevelFilter, ParseLevelFilterError};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::layer;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::{Color, ConfigError, Format, Log};

/// Starts to listen to everything that is traced or logged in this process.
///
/// # Errors
/// The level is none, and no filter either.
pub fn init(log: &Log, color: Color) -> Result<(), ConfigError> {
    let filter = filter(&log.level).map_err(|error| {
        ConfigError::new(format!(
            "log.level: {:?} is not understood: {error}",
            log.level
        ))
        .with_help(
            "use error, warn, info, debug or trace, or a filter such as dsentr_migrate=debug",
        )
    })?;
    let listener = tracing_subscriber::registry().with(filter);
    let writer = || {
        clear_line();
        stderr()
    };
    let result = match log.format {
        Format::Text => {
            let ansi = use_color(color, stderr().is_terminal());
            let text = layer().with_target(false).with_ansi(ansi);
            listener.with(text.with_writer(writer)).try_init()
        }
        Format::Json => {
            let json = layer().json().flatten_event(true);
            let json = json.with_current_span(true).with_span_list(false);
            listener.with(json.with_writer(writer)).try_init()
        }
    };
    result.map_err(|error| ConfigError::new(format!("the log cannot be started: {error}")))
}

/// A level for everything, or `target=level`, or several of them between commas. Less than what `Targets` reads, for which
/// a mistyped level alone is the name of a target.
fn filter(text: &str) -> Result<Targets, ParseLevelFilterError> {
    // refinery tells each step at `info`, and so do we, with more to it.
    let quiet = Targets::new().with_target("refinery_core", LevelFilter::WARN);
    text.split(',').map(str::trim).try_fold(quiet, |all, part| {
        Ok(match part.split_once('=') {
            Some((target, level)) => all.with_target(target, level.parse::<LevelFilter>()?),
            None => all.with_default(part.parse::<LevelFilter>()?),
        })
    })
}

/// Whether a line is on the terminal that must go before anything else comes.
static LINE_IS_SHOWN: AtomicBool = AtomicBool::new(false);

/// Shows a line on the terminal, in the place of the one that was shown before. Where the terminal is gone, so is the line.
pub fn show_line(line: &str) {
    let _ = write!(stderr(), "\r\x1b[2K{line}");
    LINE_IS_SHOWN.store(true, Relaxed);
}

/// Takes the line off the terminal, if one is shown.
pub fn clear_line() {
    if LINE_IS_SHOWN.swap(false, Relaxed) {
        let _ = write!(stderr(), "\r\x1b[2K");
    }
}

/// Whether a stream is written to in colour. <https://no-color.org>
pub fn use_color(color: Color, is_terminal: bool) -> bool {
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => {
            is_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        }
    }
}
