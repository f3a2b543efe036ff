//! What is told on stderr of a statement that takes long: one line that changes on a terminal, lines at growing
//! intervals in a log.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use super::migrations::{STATE_WIDTH, duration};
use crate::apply::{At, Look, Moment};
use crate::config::Format;
use crate::embedded::Way;
use crate::log::{clear_line, show_line};

/// Between two lines of a log about one statement, at the start; it doubles up to [`LONGEST_SILENCE`].
const FIRST_SILENCE: Duration = Duration::from_secs(2);

/// Between two lines of a log about one statement, at the most.
const LONGEST_SILENCE: Duration = Duration::from_mins(1);

/// Columns of a terminal that does not say how wide it is.
const WIDTH: usize = 80;

/// Tells.
pub(super) struct Voice {
    is_terminal: bool,
    silence: Option<Silence>,
}

/// Until when a log is quiet about a statement.
struct Silence {
    statement: (&'static str, At),
    until: Instant,
    length: Duration,
}

impl Voice {
    /// On a terminal for people, in a log for anybody else.
    pub(super) fn new(format: Format) -> Self {
        Self {
            is_terminal: format == Format::Text && std::io::stderr().is_terminal(),
            silence: None,
        }
    }

    pub(super) fn tell(&mut self, moment: &Moment<'_>) {
        if self.is_terminal {
            show(moment);
        } else if self.is_due(moment) {
            log(moment);
        }
    }

    fn is_due(&mut self, moment: &Moment<'_>) -> bool {
        let statement = (moment.migration.stem, moment.at);
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
        clear_line();
    }
}

/// What matters most comes first: a line that wraps could not be taken off again, so it is cut.
fn show(moment: &Moment<'_>) {
    let width = terminal_size::terminal_size().map_or(WIDTH, |(width, _)| width.0.into());
    let line = short(moment);
    show_line(
        &line
            .chars()
            .take(width.saturating_sub(1))
            .collect::<String>(),
    );
}

fn short(moment: &Moment<'_>) -> String {
    let look = moment.look.cloned().unwrap_or_default();
    let word = if look.blockers.is_empty() {
        "running"
    } else {
        "blocked"
    };
    let mut text = format!(
        "  {word:STATE_WIDTH$}{}, {}, {}",
        what(moment),
        at(moment, ""),
        duration(moment.elapsed)
    );
    if !look.blockers.is_empty() {
        text.push_str(&format!(", by {}", listed(&look)));
    }
    if let Some(advance) = look.advance {
        let percent = advance.percent.map(|percent| format!(", {percent} %"));
        text.push_str(&percent.unwrap_or_default());
        text.push_str(&format!(", {}", advance.phase));
    }
    text
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
    let state = moment.look.map(state).unwrap_or_default();
    format!(
        "{}, {}, for {}{state}",
        what(moment),
        at(moment, "statement "),
        duration(moment.elapsed)
    )
}

fn what(moment: &Moment<'_>) -> String {
    let stem = moment.migration.stem;
    match moment.way {
        Way::Forward => stem.to_owned(),
        Way::Back => format!("rollback of {stem}"),
    }
}

/// Which statement, with a word before its number.
fn at(moment: &Moment<'_>, word: &str) -> String {
    let all = moment.statements;
    match moment.at {
        At::Statement(statement) => format!("{word}{} of {all}", statement + 1),
        At::Frame => "its row in the history".to_owned(),
        At::Unknown if all == 1 => "its only statement".to_owned(),
        At::Unknown => format!("one of its {all} statements"),
    }
}

/// Blocked by whom, or how far.
fn state(look: &Look) -> String {
    if !look.blockers.is_empty() {
        return format!(", blocked by {}", listed(look));
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

fn listed(look: &Look) -> String {
    let blockers: Vec<String> = look.blockers.iter().map(ToString::to_string).collect();
    blockers.join("; ")
}
