//! What `status` says: every migration, and where the database stands.

use std::borrow::Cow;

use serde::{Serialize, Serializer};

use super::error::damaged;
use super::migrations::line;
use super::{Paint, Parts, Report, at, count};
use crate::connect::Target;
use crate::damage::Damage;
use crate::plan::{Entry, State};

/// Form and version of the JSON document.
const SCHEMA: &str = "dsentr-migrate/status/1";

/// The result of `status`.
#[derive(Debug, Serialize)]
pub struct StatusReport<'a> {
    schema: &'static str,
    /// Which database.
    pub database: Target,
    /// Newest version in the history.
    pub position: Option<String>,
    /// Newest version in this binary.
    pub newest: Option<String>,
    /// How many migrations are pending.
    pub pending: usize,
    /// What is wrong with the history.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub damage: &'a [Damage],
    /// Every migration of either side, by version.
    #[serde(serialize_with = "one_by_one")]
    pub migrations: &'a [Entry<'a, 'a>],
}

/// One migration.
#[derive(Debug, Serialize)]
struct EntryReport<'a> {
    /// Its version.
    version: String,
    /// Its name.
    name: Cow<'static, str>,
    /// How it stands.
    state: State,
    /// When it was applied, as the history says.
    applied_on: Option<&'a str>,
}

impl<'a> From<&'a Entry<'_, '_>> for EntryReport<'a> {
    fn from(entry: &'a Entry<'_, '_>) -> Self {
        Self {
            version: entry.version().to_string(),
            name: entry.name(),
            state: entry.state(),
            applied_on: applied_on(entry),
        }
    }
}

fn applied_on<'a>(entry: &'a Entry<'_, '_>) -> Option<&'a str> {
    entry.row().and_then(|row| row.applied_on.as_deref())
}

/// Each is gone when the next is made.
fn one_by_one<S: Serializer>(entries: &&[Entry<'_, '_>], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(entries.iter().map(EntryReport::from))
}

impl<'a> StatusReport<'a> {
    /// Puts the entries of a comparison into a report.
    pub fn new(
        database: Target,
        position: Option<String>,
        newest: Option<String>,
        migrations: &'a [Entry<'a, 'a>],
        damage: &'a [Damage],
    ) -> Self {
        Self {
            schema: SCHEMA,
            database,
            position,
            newest,
            pending: in_state(migrations, State::Pending),
            damage,
            migrations,
        }
    }

    /// What all of it comes to.
    fn sum(&self) -> String {
        let mut sum = format!(
            "the database is at {}: {} applied, {} pending",
            at(self.position.as_deref()),
            count(in_state(self.migrations, State::Applied), "migration"),
            self.pending
        );
        for state in [State::Divergent, State::OutOfOrder, State::Unknown] {
            let number = in_state(self.migrations, state);
            if number > 0 {
                sum.push_str(&format!(", {number} {}", word(state)));
            }
        }
        sum.push('\n');
        sum
    }
}

fn in_state(entries: &[Entry<'_, '_>], state: State) -> usize {
    let entries = entries.iter();
    entries.filter(|entry| entry.state() == state).count()
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

impl Report for StatusReport<'_> {
    fn text(&self, paint: Paint) -> String {
        self.parts(paint).collect()
    }

    fn parts(&self, paint: Paint) -> Parts<'_> {
        let width = self.migrations.iter().map(|entry| entry.name().len()).max();
        let width = width.unwrap_or_default();
        let lines = self.migrations.iter().map(move |entry| {
            let state = entry.state();
            let when = applied_on(entry).map(seconds).unwrap_or_default();
            line(
                word(state),
                &painted(state, paint),
                &entry.name(),
                width,
                &when,
            )
        });
        let head = std::iter::once_with(|| format!("{}\n", self.database));
        let damage = self.damage.iter().map(move |one| damaged(one, paint));
        let sum = std::iter::once_with(|| self.sum());
        Box::new(head.chain(lines).chain(damage).chain(sum))
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
