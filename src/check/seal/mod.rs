//! What was proven of each migration on real servers, as `migrations/migrations.lock` keeps it.

use crate::source::TableLock;
use std::collections::{BTreeMap, BTreeSet};

/// The name of the file in the folder of the migrations.
pub const LOCK_FILE: &str = "migrations.lock";

/// The evidence about one migration: one block of the file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Seal {
    /// The file name without `.sql`.
    pub stem: String,
    /// SHA-256 of the forward part.
    pub forward: [u8; 32],
    /// SHA-256 of the rollback block, or of the comment that stands for one.
    pub rollback: [u8; 32],
    /// Whether it runs in a transaction.
    pub transaction: bool,
    /// Whether a second run is clean.
    pub rerunnable: bool,
    /// What the way forward destroys, in the words of the file.
    pub data_loss: Vec<String>,
    /// What the way back destroys, in the words of the file.
    pub rollback_data_loss: Vec<String>,
    /// The majors of PostgreSQL that all this was proven on.
    pub proven_on: BTreeSet<u32>,
    /// The strongest lock that it holds at its end, for each table that was there before.
    pub locks: BTreeMap<String, TableLock>,
    /// The tables that were there before and that it rewrites.
    pub rewrites: BTreeSet<String>,
    /// The rows that it reads and writes of each table that was there before, where there are any.
    pub rows: BTreeMap<String, Rows>,
    /// The objects that are there after it and were not before, each with its definition.
    pub added: BTreeMap<String, String>,
    /// The objects that it gives another definition, with that.
    pub changed: BTreeMap<String, String>,
    /// The objects that were there before it and are not after.
    pub dropped: BTreeSet<String>,
    /// SHA-256 of the whole schema after it.
    pub schema: [u8; 32],
}

/// How many rows of a table a migration touches, with the fixture rows in it.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Rows {
    /// How many are read.
    pub read: u64,
    /// How many are inserted, updated and deleted.
    pub written: u64,
}
