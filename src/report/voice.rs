//! What is told on stderr of a statement that takes long: one line that changes on a terminal, lines at growing
//! intervals in a log.

use std::io::{IsTerminal, Write as _};
use std::time::{Duration, Instant};

use super::migrations::duration;
use crate::apply::{Look, Moment};
use crate::config::Format;

/// Between two lines of a log about one statement, at the start; it doubles up to [`LONGEST_SILENCE`].
const FIRST_SILENCE: Duration = Duration::from_secs(2);

/// Between two lines of a log about one statement, at the most.
const LONGEST_SILENCE: Duration = Duration::from_mins(1);

/// Columns of a terminal that does not say how wide it is.
const WIDTH: usize = 80;

/// Tells.
pub(super) struct Voice {
    is_terminal: bool,
    /// A line is on the terminal that must go before another comes.
    is_shown: bool,
    silence: Option<Silence>,
}

/// Until when a log is quiet about a statement.
struct Silence {
    statement: (String, Option<usize>),
    until: Instant,
    length: Duration,
}

impl Voice {
    /// On a terminal for people, in a log for anybody else.
    pub(super) fn new(format: Format) -> Self {
        Self {
            is_terminal: format == Format::Text && std::io::stderr().is_terminal(),
            is_shown: false,
            silence: None,
        }
    }

    pub(super) fn tell(&mut self, moment: &Moment<'_>) {
        if self.is_terminal {
            self.show(moment);
        } else if self.is_due(moment) {
            log(moment);
        }
    }

    /// Takes the line off the terminal.
    pub(super) fn clear(&mut self) {
        if std::mem::take(&mut self.is_shown) {
            // Where the terminal is gone, so is the line.
            let _ = write!(std::io::stderr(), "\r\x1b[2K");
        }
    }

    fn show(&mut self, moment: &Moment<'_>) {
        let text = format!("  running       {}", described(moment));
        let width = terminal_size::terminal_size().map_or(WIDTH, |(width, _)| width.0.into());
        // A line that wraps could not be taken off again.
        let line: String = text.chars().take(width.saturating_sub(1)).collect();
        let _ = write!(std::io::stderr(), "\r\x1b[2K{line}");
        self.is_shown = true;
    }

    fn is_due(&mut self, moment: &Moment<'_>) -> bool {
        let statement = (moment.migration.stem.to_owned(), moment.statement);
        let now = Instant::now();
        let same = self
            .silence
            .take_if(|silence| silence.statement == statement);
        let Some(silence) = same else {
            self.silence = Some(Silence {
                statement,
                until: now + FIRST_SILENCE,
                length: FIRST_SILENCE,
            });
            return true;
        };
        let is_over = now >= silence.until;
        self.silence = Some(if is_over {
            let length = (silence.length * 2).min(LONGEST_SILENCE);
            Silence {
                until: now + length,
                length,
                ..silence
            }
        } else {
            silence
        });
        is_over
    }
}

impl Drop for Voice {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Who waits for others is warned of; who only takes long is no news unless asked for.
fn log(moment: &Moment<'_>) {
    let blocked = moment.look.is_some_and(|look| !look.blockers.is_empty());
    let text = described(moment);
    if blocked {
        tracing::warn!("running {text}");
    } else {
        tracing::info!("running {text}");
    }
}

fn described(moment: &Moment<'_>) -> String {
    let at = match moment.statement {
        Some(statement) => format!(
            "statement {} of {}",
            statement + 1,
            moment.migration.statements.len()
        ),
        None => "its row in the history".to_owned(),
    };
    let state = moment.look.map(state).unwrap_or_default();
    format!(
        "{}, {at}, for {}{state}",
        moment.migration.stem,
        duration(moment.elapsed)
    )
}

/// Blocked by whom, or how far.
fn state(look: &Look) -> String {
    if !look.blockers.is_empty() {
        let blockers: Vec<String> = look.blockers.iter().map(ToString::to_string).collect();
        return format!(", blocked by {}", blockers.join("; "));
    }
    let Some(advance) = &look.advance else {
        return String::new();
    };
    let percent = advance.percent.map(|percent| format!(" {percent} %"));
    format!(
        ", {}: {}{}",
        advance.command,
        advance.phase,
        percent.unwrap_or_default()
    )
}
