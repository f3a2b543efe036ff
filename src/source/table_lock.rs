//! The modes of PostgreSQL's table locks, and what each keeps others from.

use std::fmt;
use std::str::FromStr;

/// A mode of a table lock, weakest first.
/// <https://www.postgresql.org/docs/18/explicit-locking.html#LOCKING-TABLES>
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum TableLock {
    /// Of SELECT.
    AccessShare,
    /// Of SELECT FOR UPDATE.
    RowShare,
    /// Of UPDATE, DELETE and INSERT.
    RowExclusive,
    /// Of VACUUM, ANALYZE and CREATE INDEX CONCURRENTLY.
    ShareUpdateExclusive,
    /// Of CREATE INDEX.
    Share,
    /// Of CREATE TRIGGER and of a foreign key.
    ShareRowExclusive,
    /// Of REFRESH MATERIALIZED VIEW CONCURRENTLY.
    Exclusive,
    /// Of most forms of ALTER TABLE, of DROP TABLE and TRUNCATE.
    AccessExclusive,
}

/// What a table lock keeps others from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Blocks {
    /// The application goes on; at most another change of the schema waits.
    Nothing,
    /// INSERT, UPDATE and DELETE wait.
    Writes,
    /// Everything waits.
    ReadsAndWrites,
}

impl TableLock {
    /// Every mode, weakest first.
    pub const ALL: [Self; 8] = [
        Self::AccessShare,
        Self::RowShare,
        Self::RowExclusive,
        Self::ShareUpdateExclusive,
        Self::Share,
        Self::ShareRowExclusive,
        Self::Exclusive,
        Self::AccessExclusive,
    ];

    /// Its name without `Lock` at the end: `AccessExclusive`.
    pub fn name(self) -> &'static str {
        match self {
            Self::AccessShare => "AccessShare",
            Self::RowShare => "RowShare",
            Self::RowExclusive => "RowExclusive",
            Self::ShareUpdateExclusive => "ShareUpdateExclusive",
            Self::Share => "Share",
            Self::ShareRowExclusive => "ShareRowExclusive",
            Self::Exclusive => "Exclusive",
            Self::AccessExclusive => "AccessExclusive",
        }
    }

    /// What it keeps the application from.
    pub fn blocks(self) -> Blocks {
        match self {
            Self::AccessShare
            | Self::RowShare
            | Self::RowExclusive
            | Self::ShareUpdateExclusive => Blocks::Nothing,
            Self::Share | Self::ShareRowExclusive | Self::Exclusive => Blocks::Writes,
            Self::AccessExclusive => Blocks::ReadsAndWrites,
        }
    }
}

impl fmt::Display for TableLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text is no name of a mode.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NoTableLock;

impl FromStr for TableLock {
    type Err = NoTableLock;

    /// Reads `AccessExclusive`, and `AccessExclusiveLock` as `pg_locks` has it.
    fn from_str(text: &str) -> Result<Self, NoTableLock> {
        let name = text.strip_suffix("Lock").unwrap_or(text);
        let mode = Self::ALL.into_iter().find(|mode| mode.name() == name);
        mode.ok_or(NoTableLock)
    }
}
