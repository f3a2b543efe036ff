//! What the seal of a migration says, for people and for machines.

use serde::{Serialize, Serializer};

use super::Paint;
use super::migrations::{STATE_WIDTH, row};
use crate::embedded::{Allowance, Seal};
use crate::source::{Blocks, TableLock};

/// What was proven of a migration on real servers.
#[derive(Debug, Serialize)]
pub(super) struct SealReport {
    /// The majors of PostgreSQL that it was proven on.
    pub proven_on: &'static [u32],
    /// Whether a second run is clean.
    pub rerunnable: bool,
    /// The strongest lock that it holds at its end, for each table that was there before.
    pub table_locks: Vec<TableLockReport>,
    /// The tables that were there before and that it rewrites.
    pub rewrites: &'static [&'static str],
    /// The rows that it read and wrote of each table that was there before, with the rows of the tests in them.
    pub rows: Vec<RowsReport>,
    /// The objects that are there after it and were not before, each with its definition.
    #[serde(serialize_with = "by_object")]
    pub added: Objects,
    /// The objects that it gives another definition, with that.
    #[serde(serialize_with = "by_object")]
    pub changed: Objects,
    /// The objects that were there before it and are not after.
    pub dropped: &'static [&'static str],
}

/// Objects, each with its definition, in the order of their names.
type Objects = &'static [(&'static str, &'static str)];

/// A JSON object.
fn by_object<S: Serializer>(objects: &Objects, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(objects.iter().copied())
}

/// One table, locked.
#[derive(Debug, Serialize)]
pub(super) struct TableLockReport {
    /// The table.
    pub table: &'static str,
    /// The mode: `AccessExclusive`.
    pub lock: &'static str,
    /// What it keeps the application from: `nothing`, `writes`, `reads_and_writes`.
    pub blocks: &'static str,
}

/// One table, read or written.
#[derive(Debug, Serialize)]
pub(super) struct RowsReport {
    /// The table.
    pub table: &'static str,
    /// How many rows were read.
    pub read: u64,
    /// How many were inserted, updated and deleted.
    pub written: u64,
}

/// A rule of the build that a migration is excused from.
#[derive(Debug, Serialize)]
pub(super) struct AllowanceReport {
    /// The name of the rule.
    pub rule: &'static str,
    /// Why it is safe there.
    pub reason: &'static str,
}

impl From<&'static Seal> for SealReport {
    fn from(seal: &'static Seal) -> Self {
        let table_locks = seal.locks.iter().map(|(table, lock)| TableLockReport {
            table,
            lock: lock.name(),
            blocks: match lock.blocks() {
                Blocks::Nothing => "nothing",
                Blocks::Writes => "writes",
                Blocks::ReadsAndWrites => "reads_and_writes",
            },
        });
        let rows = seal.rows.iter().map(|rows| RowsReport {
            table: rows.table,
            read: rows.read,
            written: rows.written,
        });
        Self {
            proven_on: seal.proven_on,
            rerunnable: seal.rerunnable,
            table_locks: table_locks.collect(),
            rewrites: seal.rewrites,
            rows: rows.collect(),
            added: seal.added,
            changed: seal.changed,
            dropped: seal.dropped,
        }
    }
}

impl From<&Allowance> for AllowanceReport {
    fn from(allowance: &Allowance) -> Self {
        Self {
            rule: allowance.rule,
            reason: allowance.reason,
        }
    }
}

impl SealReport {
    /// What the application has to wait for: a line for each mode, strongest first, and one for what is rewritten.
    pub(super) fn details(&self, paint: Paint) -> String {
        let mut text = String::new();
        for mode in TableLock::ALL.into_iter().rev() {
            let held = self
                .table_locks
                .iter()
                .filter(|held| held.lock == mode.name());
            let tables: Vec<&str> = held.map(|held| held.table).collect();
            if !tables.is_empty() {
                text += &blocked(mode, &tables.join(", "), paint);
            }
        }
        if text.is_empty() {
            text += &detail("blocks nothing", "", Paint::good, paint);
        }
        if !self.rewrites.is_empty() {
            text += &detail("rewrites", &self.rewrites.join(", "), Paint::bad, paint);
        }
        text
    }

    pub(super) fn servers(&self) -> String {
        servers(self.proven_on)
    }
}

/// `PostgreSQL 13 to 18`, or each major where some are left out.
pub(crate) fn servers(majors: &[u32]) -> String {
    let is_row = majors.windows(2).all(|pair| pair[1] == pair[0] + 1);
    match majors {
        [first, .., last] if is_row && majors.len() > 2 => {
            format!("PostgreSQL {first} to {last}")
        }
        [rest @ .., last] if !rest.is_empty() => {
            let rest: Vec<String> = rest.iter().map(u32::to_string).collect();
            format!("PostgreSQL {} and {last}", rest.join(", "))
        }
        majors => majors
            .iter()
            .map(|major| format!("PostgreSQL {major}"))
            .collect(),
    }
}

fn blocked(mode: TableLock, tables: &str, paint: Paint) -> String {
    let value = format!("{tables} ({mode})");
    match mode.blocks() {
        Blocks::ReadsAndWrites => detail("blocks reads and writes", &value, Paint::bad, paint),
        Blocks::Writes => detail("blocks writes", &value, Paint::note, paint),
        Blocks::Nothing => detail("blocks nothing", &value, Paint::good, paint),
    }
}

/// As far as the names stand from the margin.
const INDENT: usize = STATE_WIDTH + 2;

/// Wide enough for the longest label.
const LABEL_WIDTH: usize = "blocks reads and writes".len();

/// One line below a migration: what it is about, and what there is to say.
pub(super) fn detail(
    label: &str,
    value: &str,
    color: fn(Paint, &str) -> String,
    paint: Paint,
) -> String {
    let gap = LABEL_WIDTH.saturating_sub(label.len()) + 2;
    row([("", INDENT), (&color(paint, label), gap), (value, 0)])
}
