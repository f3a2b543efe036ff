//! For how long a statement of a step, or of a look at the schema, may wait and run.

use std::time::Duration;

use super::SCHEMA;
use super::step::Leg;
use crate::config::{DEFAULT_TABLE_LOCK_TIMEOUT, Settings};
use crate::embedded::{Migration, Mode};

/// What PostgreSQL takes as a limit at most: 24 days, in milliseconds.
const LONGEST_LIMIT: Duration = Duration::from_millis(i32::MAX.cast_unsigned() as u64);

/// What holds for a transaction, or for a statement outside of one.
pub(super) struct Limits {
    /// For one table lock.
    pub(super) lock_timeout: Duration,
    /// For one statement.
    pub(super) statement_timeout: Duration,
    /// Under which the server knows us.
    pub(super) application_name: String,
    /// Whether the session is ours, with all that was set in it.
    pub(super) is_direct: bool,
}

/// What is set for statements of ours: its name, and its value, which needs no quotes.
pub(super) type Setting = (&'static str, String);

impl Limits {
    /// With the schema. A limit that the role or the database has for the application's queries is not meant for us.
    pub(super) fn settings(&self) -> [Setting; 3] {
        let [statement, lock] = self.timeouts();
        [("search_path", SCHEMA.to_owned()), statement, lock]
    }

    /// Without it.
    pub(super) fn timeouts(&self) -> [Setting; 2] {
        let millis = |limit: Duration| limit.as_millis().to_string();
        [
            ("statement_timeout", millis(self.statement_timeout)),
            ("lock_timeout", millis(self.lock_timeout)),
        ]
    }

    /// When it is looked who is in the way, at the latest: before a try is given up.
    pub(super) fn first_look(&self) -> Duration {
        match self.lock_timeout {
            Duration::ZERO => Duration::MAX,
            limit => limit / 2,
        }
    }
}

/// As a statement each, which `SET` or `SET LOCAL` begins.
pub(super) fn statements(set: &str, settings: impl IntoIterator<Item = Setting>) -> String {
    let statement = |(name, value)| format!("{set} {name} TO {value};\n");
    settings.into_iter().map(statement).collect()
}

/// For the transaction alone, as a column of a SELECT.
pub(super) fn column((name, value): Setting) -> String {
    format!("pg_catalog.set_config('{name}', '{value}', true)")
}

/// What holds for a step.
pub(super) fn limits(settings: &Settings, leg: &Leg, is_direct: bool) -> Limits {
    let lock_timeout = table_lock_timeout(settings, leg.script.mode, &leg.migration);
    limited(settings, lock_timeout, is_direct)
}

/// What holds for a look at the schema.
pub(super) fn limits_of_look(settings: &Settings, is_direct: bool) -> Limits {
    let configured = settings.table_lock.timeout;
    let lock_timeout = configured.unwrap_or(DEFAULT_TABLE_LOCK_TIMEOUT).0;
    limited(settings, lock_timeout, is_direct)
}

fn limited(settings: &Settings, lock_timeout: Duration, is_direct: bool) -> Limits {
    Limits {
        lock_timeout: lock_timeout.min(LONGEST_LIMIT),
        statement_timeout: settings.statement.timeout.0.min(LONGEST_LIMIT),
        application_name: settings.database.application_name.clone(),
        is_direct,
    }
}

/// For one try of a step to get a table lock. Whoever runs it knows best, then whoever wrote it.
///
/// What refuses a transaction waits for others without keeping readers away, and begins from the start when it is
/// given up: there the file alone sets a limit.
fn table_lock_timeout(settings: &Settings, mode: Mode, migration: &Migration) -> Duration {
    let configured = settings.table_lock.timeout.map(|timeout| timeout.0);
    match mode {
        Mode::Transaction => configured
            .or(migration.lock_timeout)
            .unwrap_or(DEFAULT_TABLE_LOCK_TIMEOUT.0),
        Mode::NoTransaction => migration.lock_timeout.unwrap_or_default(),
    }
}
