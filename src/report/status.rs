//! What `status` says: every migration, and where the database stands.

use serde::Serialize;

use super::migrations::{line, name_width};
use super::{Paint, Report, at, count};
use crate::connect::Target;
use crate::plan::{Entry, State};

/// Form and version of the JSON document.
const SCHEMA: &str = "dsentr-migrate/status/1";

/// The result of `status`.
#[derive(Debug, Serialize)]
pub struct StatusReport {
    schema: &'static str,
    /// Which database.
    pub database: Target,
    /// Newest version in the history.
    pub position: Option<String>,
    /// Newest version in this binary.
    pub newest: Option<String>,
    /// How many migrations are pending.
    pub pending: usize,
    /// Every migration of either side, by version.
    pub migrations: Vec<EntryReport>,
}

/// One migration.
#[derive(Debug, Serialize)]
pub struct EntryReport {
    /// Its version.
    pub version: String,
    /// Its name.
    pub name: String,
    /// How it stands.
    pub state: State,
    /// When it was applied, as the history says.
    pub applied_on: Option<String>,
}

impl StatusReport {
    /// Puts the entries of a comparison into a report.
    pub fn new(
        database: Target,
        position: Option<String>,
        newest: Option<String>,
        entries: &[Entry<'_, '_>],
    ) -> Self {
        let migrations: Vec<EntryReport> = entries
            .iter()
            .map(|entry| EntryReport {
                version: entry.version().to_string(),
                name: entry.name(),
                state: entry.state(),
                applied_on: entry.row().and_then(|row| row.applied_on.clone()),
            })
            .collect();
        let pending = migrations
            .iter()
            .filter(|entry| entry.state == State::Pending)
            .count();
        Self {
            schema: SCHEMA,
            database,
            position,
            newest,
            pending,
            migrations,
        }
    }
}

/// The word for a state, as design and documents spell it.
pub(super) fn word(state: State) -> &'static str {
    match state {
        State::Applied => "applied",
        State::Pending => "pending",
        State::Divergent => "divergent",
        State::OutOfOrder => "out of order",
        State::Unknown => "unknown",
    }
}

pub(super) fn painted(state: State, paint: Paint) -> String {
    match state {
        State::Applied => paint.good(word(state)),
        State::Pending => paint.note(word(state)),
        State::Divergent | State::OutOfOrder | State::Unknown => paint.bad(word(state)),
    }
}

impl Report for StatusReport {
    fn text(&self, paint: Paint) -> String {
        let width = name_width(self.migrations.iter().map(|entry| entry.name.as_str()));
        let mut text = format!("{}\n", self.database);
        for entry in &self.migrations {
            let when = entry.applied_on.as_deref().map(seconds).unwrap_or_default();
            text.push_str(&line(
                word(entry.state),
                &painted(entry.state, paint),
                &entry.name,
                width,
                &when,
            ));
        }
        let at = at(self.position.as_deref());
        let applied = self
            .migrations
            .iter()
            .filter(|entry| entry.state == State::Applied)
            .count();
        text.push_str(&format!(
            "the database is at {at}: {} applied, {} pending",
            count(applied, "migration"),
            self.pending
        ));
        for state in [State::Divergent, State::OutOfOrder, State::Unknown] {
            let number = self
                .migrations
                .iter()
                .filter(|entry| entry.state == state)
                .count();
            if number > 0 {
                text.push_str(&format!(", {number} {}", word(state)));
            }
        }
        text.push('\n');
        text
    }
}

/// A time in UTC to the second; what does not parse is shown as it is.
fn seconds(text: &str) -> String {
    use time::OffsetDateTime;
    use time::format_description::well_known::Rfc3339;
    let parsed = OffsetDateTime::parse(text, &Rfc3339).ok().and_then(|time| {
        time.to_offset(time::UtcOffset::UTC)
            .replace_nanosecond(0)
            .ok()
    });
    parsed
        .and_then(|time| time.format(&Rfc3339).ok())
        .unwrap_or_else(|| text.to_owned())
}
