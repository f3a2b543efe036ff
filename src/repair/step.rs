//! A statement before it is known what it is for.

use crate::source::TableLock;

/// A table lock on one relation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    /// The relation, as SQL names it.
    pub table: String,
    /// The mode.
    pub mode: TableLock,
}

/// Where a statement runs, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// Before the transaction, by itself: what it adds can be used only when it is committed.
    Before,
    /// In the one transaction.
    Transaction,
    /// After the transaction, by itself: it refuses to run in one.
    After,
}

/// A statement.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) sql: String,
    pub(super) locks: Vec<Lock>,
    pub(super) hazard: Option<String>,
    pub(super) place: Place,
    /// Where it comes later than its object does.
    pub(super) rank: Option<u8>,
}

/// The statements for an object, or why there are none.
pub(super) type Made = Result<Vec<Step>, String>;

/// How an object that differs is brought to what is sealed.
pub(super) enum Change {
    /// By these statements.
    Steps(Made),
    /// By these statements, while what depends on the object is away.
    Around(Made),
    /// It is dropped and created again.
    Replace,
}

/// A statement in the transaction; the semicolon is put behind it.
pub(super) fn step(sql: impl AsRef<str>) -> Step {
    let sql = sql.as_ref().trim_end().trim_end_matches(';');
    Step {
        sql: format!("{sql};"),
        locks: Vec::new(),
        hazard: None,
        place: Place::Transaction,
        rank: None,
    }
}

/// `ALTER TABLE table ...`, under the lock that most of its forms take.
pub(super) fn alter_table(table: &str, what: impl AsRef<str>) -> Step {
    alter_table_under(table, what, TableLock::AccessExclusive)
}

/// `ALTER TABLE table ...`.
pub(super) fn alter_table_under(table: &str, what: impl AsRef<str>, mode: TableLock) -> Step {
    step(format!("ALTER TABLE {table} {}", what.as_ref())).lock(table, mode)
}

impl Step {
    pub(super) fn lock(mut self, table: &str, mode: TableLock) -> Self {
        match self.locks.iter_mut().find(|lock| lock.table == table) {
            Some(lock) => lock.mode = lock.mode.max(mode),
            None => self.locks.push(Lock {
                table: table.to_owned(),
                mode,
            }),
        }
        self
    }

    pub(super) fn hazard(mut self, reason: impl Into<String>) -> Self {
        self.hazard = Some(reason.into());
        self
    }

    pub(super) fn at(mut self, place: Place) -> Self {
        self.place = place;
        self
    }

    pub(super) fn rank(mut self, rank: u8) -> Self {
        self.rank = Some(rank);
        self
    }
}
