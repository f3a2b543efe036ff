//! What was proven of each migration on real servers, as `migrations/migrations.lock` keeps it.
//!
//! The form of the file, and whether a seal and a migration belong together. The evidence itself is gathered by
//! `cargo migration seal`; here it is believed, as far as it agrees with itself.

mod agreed;
mod evidence;
mod gate;
mod hash;
mod proven;
mod read;
mod write;

pub use crate::source::LOCK_FILE;
pub use agreed::Agreed;
pub use evidence::evidence_problems;
pub use gate::Gate;
pub use hash::{file_sum, forward_sha256, rollback_sha256, schema_sha256};
pub use proven::Proven;

pub(super) use evidence::{LONG_LOCK_RECIPE, REWRITE_RECIPE, long_table_lock, table_rewrite};
pub(super) use gate::{
    Sealed, UNPROVEN, UNSEALED, judge, seal_contradiction, sealed_file, sealed_forward,
    sealed_order, sealed_rollback, unproven, unsealed,
};

use super::problem::Problem;
use crate::source::TableLock;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The rule that a file which does not parse breaks.
pub(super) const LOCK_FILE_RULE: &str = "lock-file";

/// `migrations/migrations.lock`: the seals, oldest first. What the objects of one are, those before it decide.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct LockFile {
    seals: Vec<Seal>,
}

/// The evidence about one migration: one block of the file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Seal {
    /// The file name without `.sql`. The blocks stand in the order of these.
    pub stem: String,
    /// SHA-256 of the forward part, over the bytes that the checksum of the history covers.
    pub forward: [u8; 32],
    /// SHA-256 of the rollback block, or of the comment that stands for one, from its opening line to the last.
    pub rollback: [u8; 32],
    /// SHA-256 of all objects that are there after it: of each, in the order of their names, the name, NUL, the
    /// definition, NUL.
    pub schema: [u8; 32],
    /// Whether it runs in a transaction.
    pub transaction: bool,
    /// Whether a second run is clean.
    pub rerunnable: bool,
    /// The versions of PostgreSQL that all this was proven on, one of each major.
    pub proven_on: Proven,
    /// What the way forward destroys, in the words of the file.
    pub data_loss: Vec<String>,
    /// What the way back destroys, in the words of the file.
    pub rollback_data_loss: Vec<String>,
    /// The strongest lock that it holds at its end, for each table that was there before.
    pub locks: BTreeMap<String, TableLock>,
    /// The tables that were there before and that it rewrites.
    pub rewrites: BTreeSet<String>,
    /// The rows that it reads and writes of each table that was there before, where there are any.
    pub rows: BTreeMap<String, Rows>,
    /// The objects that are there after it and were not before, each with its definition and the first 16 digits of the
    /// SHA-256 of that.
    pub added: BTreeMap<String, String>,
    /// The objects that it gives another definition, with that, as in `added`.
    pub changed: BTreeMap<String, String>,
    /// The objects that were there before it and are not after.
    pub dropped: BTreeSet<String>,
}

/// How many rows of a table a migration touches, with the fixture rows in it.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Rows {
    /// How many are read.
    pub read: u64,
    /// How many are inserted, updated and deleted.
    pub written: u64,
}

impl LockFile {
    /// With these seals, in the order of their names. Whether their objects agree is looked at when the text is parsed.
    pub fn new(mut seals: Vec<Seal>) -> Self {
        seals.sort_by(|a, b| a.stem.cmp(&b.stem));
        Self { seals }
    }

    /// Reads the text of the file. It must be, to the byte, what [`LockFile::to_text`] writes, and agree with itself.
    ///
    /// # Errors
    /// All that is wrong with it, each at its place.
    pub fn parse(text: &str) -> Result<Self, Vec<Problem>> {
        Self::parse_after(text, &Agreed::default())
    }

    /// The same, where its start may be known to agree with itself.
    pub(super) fn parse_after(text: &str, known: &Agreed) -> Result<Self, Vec<Problem>> {
        let shown: Arc<str> = Arc::from(text);
        read::read(text, known.bytes_of(text)).map_err(|findings| {
            let problems = findings.into_iter();
            problems
                .map(|finding| finding.into_problem(LOCK_FILE_RULE, LOCK_FILE, &shown))
                .collect()
        })
    }

    /// The text of the file.
    pub fn to_text(&self) -> String {
        write::write(&self.seals)
    }

    /// The seals, oldest first.
    pub fn seals(&self) -> &[Seal] {
        &self.seals
    }

    /// The seal of one migration, by its file name without `.sql`.
    pub fn seal(&self, stem: &str) -> Option<&Seal> {
        let by_stem = |seal: &Seal| seal.stem.as_str().cmp(stem);
        let at = self.seals.binary_search_by(by_stem).ok()?;
        self.seals.get(at)
    }

    /// The objects that are there after the first `count` migrations, each with its definition.
    pub fn schema_after(&self, count: usize) -> BTreeMap<String, String> {
        let mut objects = BTreeMap::new();
        for seal in self.seals.iter().take(count) {
            seal.apply(&mut objects);
        }
        objects
    }
}

impl Seal {
    /// Whether the migration does anything to the objects.
    pub fn changes_schema(&self) -> bool {
        !(self.added.is_empty() && self.changed.is_empty() && self.dropped.is_empty())
    }

    /// Does to the objects what the migration does.
    pub fn apply(&self, objects: &mut BTreeMap<String, String>) {
        for object in &self.dropped {
            objects.remove(object);
        }
        for (object, definition) in self.added.iter().chain(&self.changed) {
            objects.insert(object.clone(), definition.clone());
        }
    }
}
