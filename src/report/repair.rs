//! The statements of a repair, for machines. For people they are a file: see [`crate::script::repair_file`].

use serde::Serialize;

use crate::repair::{Gap, Lock, Place, Repair, Statement};
use crate::source::Blocks;

/// What brings the live schema to the sealed one.
#[derive(Debug, Serialize)]
pub struct RepairReport {
    /// The statements, in the order in which they run.
    pub statements: Vec<StatementReport>,
    /// The objects for which no SQL is generated, and why.
    pub without_sql: Vec<GapReport>,
    /// The same as a file for psql.
    #[serde(skip)]
    pub(super) file: String,
}

/// One statement.
#[derive(Debug, Serialize)]
pub struct StatementReport {
    /// The object that it is for.
    pub object: String,
    /// The statement.
    pub sql: String,
    /// The strongest lock that it takes on each table that is there before.
    pub table_locks: Vec<LockReport>,
    /// Where it runs: `before` the transaction, in the `transaction`, `after` it.
    pub place: &'static str,
    /// Why it is commented out in the file: it can lose data, fail, or take long; none where it is not.
    pub commented_out: Option<String>,
}

/// One table, locked.
#[derive(Debug, Serialize)]
pub struct LockReport {
    /// The table.
    pub table: String,
    /// The mode: `AccessExclusive`.
    pub lock: &'static str,
    /// What it keeps the application from: `nothing`, `writes`, `reads_and_writes`.
    pub blocks: &'static str,
}

/// An object without SQL.
#[derive(Debug, Serialize)]
pub struct GapReport {
    /// Which.
    pub object: String,
    /// Why.
    pub reason: String,
}

impl RepairReport {
    /// From a repair, and the file that is made of it.
    pub fn new(repair: Repair, file: String) -> Self {
        Self {
            statements: repair.statements.into_iter().map(statement).collect(),
            without_sql: repair.gaps.into_iter().map(gap).collect(),
            file,
        }
    }
}

fn statement(statement: Statement) -> StatementReport {
    StatementReport {
        object: statement.object,
        sql: statement.sql,
        table_locks: statement.locks.into_iter().map(lock).collect(),
        place: match statement.place {
            Place::Before => "before",
            Place::Transaction => "transaction",
            Place::After => "after",
        },
        commented_out: statement.hazard,
    }
}

fn lock(lock: Lock) -> LockReport {
    LockReport {
        table: lock.table,
        lock: lock.mode.name(),
        blocks: match lock.mode.blocks() {
            Blocks::Nothing => "nothing",
            Blocks::Writes => "writes",
            Blocks::ReadsAndWrites => "reads_and_writes",
        },
    }
}

fn gap(gap: Gap) -> GapReport {
    let Gap { object, reason } = gap;
    GapReport { object, reason }
}
