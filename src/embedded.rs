//! The migrations that this binary carries.
//!
//! They were checked when the binary was built: their bytes and all that is known about them are constants, and nothing
//! is parsed here. Whether one is applied is the history's to know.

use crate::source::{FOLDER, LOCK_FILE, Span, TableLock, Version};
use include_dir::{Dir, DirEntry, include_dir};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

/// What opens a comment that is not about the purpose.
const NOTES: [&str; 6] = [
    "migrate:",
    "allow:",
    "Data loss:",
    "Not rerunnable:",
    "Changes nothing:",
    "Rollback:",
];

/// A migration, as it was checked.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// Its version.
    pub version: Version,
    /// The file name without `.sql`.
    pub stem: &'static str,
    /// The part of the name after the counter.
    pub description: &'static str,
    /// The file, byte for byte.
    pub file: File,
    /// SHA-256 of the whole file.
    pub sha256: [u8; 32],
    /// refinery's checksum, over the forward part alone.
    pub checksum: u64,
    /// The digest of a history in which it is the newest, and all before it are applied.
    pub applied_sum: i128,
    /// From the start to the last byte of the forward part that is no white space.
    pub forward: Span,
    /// The statements of the forward part, each without its semicolon.
    pub statements: &'static [Span],
    /// Whether it runs in a transaction; the way back runs as the way forward does.
    pub mode: Mode,
    /// What a statement may leave when it is cut off, by its index in `statements`; nothing where there is a transaction.
    pub residues: &'static [(usize, Residue)],
    /// How long one try may wait for a table lock, where the file says so.
    pub lock_timeout: Option<Duration>,
    /// The way back.
    pub rollback: Rollback,
    /// What the way forward destroys, in the words of the file.
    pub data_loss: &'static [&'static str],
    /// Why it cannot be run twice, where the file says that it cannot.
    pub not_rerunnable: Option<&'static str>,
    /// The rules that it is excused from.
    pub allowances: &'static [Allowance],
    /// What was proven of it; none where it is not sealed, which a release build refuses.
    pub seal: Option<&'static Seal>,
}

/// Where the text of a migration is.
#[derive(Clone, Copy, Debug)]
pub enum File {
    /// At this place in [`FILES`], whose order is that of the names, and of the table too. A number and no reference: rustc
    /// writes all of what a constant refers into once for each reference, which took it minutes with 10,000 files.
    Embedded(usize),
    /// In memory, as tests have it.
    Given(&'static str),
}

/// A rule of the build that a migration is excused from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Allowance {
    /// The name of the rule.
    pub rule: &'static str,
    /// Why it is safe here.
    pub reason: &'static str,
}

/// What was proven of a migration on real servers: its block in `migrations/migrations.lock`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Seal {
    /// The majors of PostgreSQL that it was proven on.
    pub proven_on: &'static [u32],
    /// Whether a second run is clean.
    pub rerunnable: bool,
    /// The strongest lock that it holds at its end, for each table that was there before.
    pub locks: &'static [(&'static str, TableLock)],
    /// The tables that were there before and that it rewrites.
    pub rewrites: &'static [&'static str],
    /// The rows that it read and wrote of each table that was there before, where there were any.
    pub rows: &'static [Rows],
    /// The objects that are there after it and were not before, each with its definition.
    pub added: &'static [(&'static str, &'static str)],
    /// The objects that it gives another definition, with that.
    pub changed: &'static [(&'static str, &'static str)],
    /// The objects that were there before it and are not after.
    pub dropped: &'static [&'static str],
}

/// How many rows of a table a migration touched, with the fixture rows in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rows {
    /// The table.
    pub table: &'static str,
    /// How many were read.
    pub read: u64,
    /// How many were inserted, updated and deleted.
    pub written: u64,
}

/// How a migration is run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// All statements and the history row in one transaction.
    Transaction,
    /// Statement by statement.
    NoTransaction,
}

/// What a statement that was cut off may leave in the database.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Residue {
    /// CREATE INDEX CONCURRENTLY: this index, INVALID.
    Index(Relation),
    /// DROP INDEX CONCURRENTLY: this index, INVALID, or nothing of it.
    DroppedIndex(Relation),
    /// REINDEX CONCURRENTLY: INVALID indexes whose names end in `_ccnew` or `_ccold` and digits.
    Reindex,
    /// DETACH PARTITION CONCURRENTLY: the partition, its detaching pending.
    Detach {
        /// The partitioned table.
        parent: Relation,
        /// The table that leaves it.
        partition: Relation,
    },
}

/// A table or an index, as the catalogue spells it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Relation {
    /// Its schema.
    pub schema: &'static str,
    /// Its name.
    pub name: &'static str,
}

/// The way back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rollback {
    /// SQL in the comments of the rollback block.
    Sql {
        /// The lines below the opening one, to the last byte that is no white space.
        block: Span,
        /// Its statements, each without its semicolon.
        statements: &'static [Span],
        /// What a statement may leave when it is cut off, by its index in `statements`.
        residues: &'static [(usize, Residue)],
        /// What the way back destroys, in the words of the file.
        data_loss: &'static [&'static str],
    },
    /// There is none.
    Irreversible {
        /// Why.
        reason: &'static str,
    },
    /// There is nothing to do.
    NothingToUndo {
        /// Why.
        reason: &'static str,
    },
}

/// A direction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// From a version to the next one.
    Forward,
    /// From a version to the one before.
    Back,
}

/// The statements of one direction, as they are sent.
#[derive(Clone, Debug)]
pub struct Script {
    /// The file. For the way back the comment markers of its block are blank, so that every byte stands where it stands
    /// in the file.
    pub text: Cow<'static, str>,
    /// The statements, each without its semicolon.
    pub statements: &'static [Span],
    /// What a statement may leave when it is cut off, by its index in `statements`.
    pub residues: &'static [(usize, Residue)],
    /// How it is run.
    pub mode: Mode,
}

impl Script {
    /// One statement, counted from 0.
    ///
    /// # Panics
    /// When there is no such statement.
    pub fn statement(&self, nth: usize) -> &str {
        self.statements[nth].slice(&self.text)
    }
}

impl Migration {
    /// What is sent in a direction. The way back has no statement where there is none, or none is needed.
    pub fn script(&self, way: Way) -> Script {
        let text = Cow::Borrowed(self.text());
        let forward = Script {
            text,
            statements: self.statements,
            residues: self.residues,
            mode: self.mode,
        };
        match (way, self.rollback) {
            (Way::Forward, _) => forward,
            (
                Way::Back,
                Rollback::Sql {
                    block,
                    statements,
                    residues,
                    ..
                },
            ) => {
                let mut text = self.text().to_owned();
                text.replace_range(block.range(), &self.rollback_sql().unwrap_or_default());
                Script {
                    text: text.into(),
                    statements,
                    residues,
                    mode: self.mode,
                }
            }
            (Way::Back, Rollback::Irreversible { .. } | Rollback::NothingToUndo { .. }) => Script {
                statements: &[],
                residues: &[],
                // Of nothing but its history row.
                mode: Mode::Transaction,
                ..forward
            },
        }
    }

    /// The whole file.
    pub fn text(&self) -> &'static str {
        match self.file {
            File::Embedded(place) => {
                let file = FILES.entries().get(place).and_then(DirEntry::as_file);
                // The build has refused every file that is no UTF-8.
                file.and_then(|file| file.contents_utf8())
                    .unwrap_or_default()
            }
            File::Given(text) => text,
        }
    }

    /// The SQL of the way forward, as it was checked and as its checksum was taken.
    pub fn forward_sql(&self) -> &'static str {
        self.forward.slice(self.text())
    }

    /// One statement of the forward part as it stands in the file, counted from 0.
    ///
    /// # Panics
    /// When there is no such statement.
    pub fn statement(&self, nth: usize) -> &'static str {
        self.statements[nth].slice(self.text())
    }

    /// The SQL of the way back: the rollback block, its comment markers blank. A byte at `n` stands at
    /// `block.start + n` in the file.
    pub fn rollback_sql(&self) -> Option<String> {
        let Rollback::Sql { block, .. } = self.rollback else {
            return None;
        };
        let lines = block.slice(self.text()).split_inclusive('\n');
        let uncommented = lines.map(|line| match line.strip_prefix("--") {
            Some(rest) => format!("  {rest}"),
            None => line.to_owned(),
        });
        Some(uncommented.collect())
    }

    /// What it is for: the comment that the file begins with.
    pub fn purpose(&self) -> String {
        purpose(self.text())
    }

    /// What a direction destroys, in the words of the file.
    pub fn losses(&self, way: Way) -> &'static [&'static str] {
        match (way, self.rollback) {
            (Way::Forward, _) => self.data_loss,
            (Way::Back, Rollback::Sql { data_loss, .. }) => data_loss,
            (Way::Back, Rollback::Irreversible { .. } | Rollback::NothingToUndo { .. }) => &[],
        }
    }

    /// Where the file is in the sources: `migrations/<stem>.sql`.
    pub fn path(&self) -> String {
        format!("{FOLDER}/{}.sql", self.stem)
    }
}

/// The comment that a file begins with, up to the first one that is about something else.
fn purpose(text: &str) -> String {
    let comments = text.lines().map_while(|line| line.strip_prefix("--"));
    let lines = comments.map(str::trim);
    let purpose = lines.take_while(|line| !NOTES.iter().any(|note| line.starts_with(note)));
    purpose.collect::<Vec<_>>().join("\n")
}

/// The folder that the build staged: the files that passed, and no other.
pub static FILES: Dir<'static> = include_dir!("$OUT_DIR/migrations");

/// The lock file that the seals were read from, byte for byte, and its SHA-256 in hexadecimal; none where one of these is not
/// sealed. It is of the embedded ones, and this crate can be used with others.
pub fn lock_file(embedded: &[Migration]) -> Option<(&'static [u8], &'static str)> {
    if embedded.iter().any(|migration| migration.seal.is_none()) {
        return None;
    }
    // Behind the migrations, whose names begin with a digit. `get_file` would compare its path with that of each.
    let file = FILES.entries().last()?.as_file()?;
    if file.path().as_os_str() != LOCK_FILE {
        return None;
    }
    Some((
        file.contents(),
        include_str!(concat!(env!("OUT_DIR"), "/lock_file_sum")),
    ))
}

/// Every embedded migration, oldest first.
pub static MIGRATIONS: &[Migration] = include!(concat!(env!("OUT_DIR"), "/migrations.rs"));

/// The objects that are there at a version, each with its definition: what the seals up to it add up to. `None` where one
/// of them is missing, or no migration has that version.
pub fn sealed_objects(
    embedded: &[Migration],
    version: Version,
) -> Option<BTreeMap<&'static str, &'static str>> {
    let end = embedded
        .iter()
        .position(|migration| migration.version == version)?;
    let mut objects = BTreeMap::new();
    for migration in &embedded[..=end] {
        let seal = migration.seal?;
        for object in seal.dropped {
            objects.remove(object);
        }
        objects.extend(seal.added.iter().chain(seal.changed).copied());
    }
    Some(objects)
}

/// Files that were checked at run time, in the form of the embedded ones, for tests. They stay in memory for good.
///
/// # Panics
/// When an entry of `checked` is not among the `entries`.
#[cfg(feature = "authoring")]
pub fn leak(
    entries: &[crate::check::Entry],
    checked: &[crate::check::Checked],
) -> &'static [Migration] {
    leak_sealed(entries, checked, &crate::check::seal::LockFile::default())
}

/// The same with seals.
///
/// # Panics
/// When an entry of `checked` is not among the `entries`.
#[cfg(feature = "authoring")]
pub fn leak_sealed(
    entries: &[crate::check::Entry],
    checked: &[crate::check::Checked],
    lock_file: &crate::check::seal::LockFile,
) -> &'static [Migration] {
    let applied = crate::check::applied_sums(checked);
    let migrations = checked.iter().zip(applied).map(|(checked, applied_sum)| {
        let name = format!("{}.sql", checked.stem);
        let entry = entries.iter().find(|entry| entry.name == name);
        let bytes = entry.and_then(|entry| entry.bytes.clone());
        let bytes = bytes.expect("a checked migration comes from its entries");
        let seal = lock_file.seal(&checked.stem).map(leak_seal);
        Migration {
            applied_sum,
            seal,
            ..leak_one(bytes, checked)
        }
    });
    migrations.collect::<Vec<_>>().leak()
}

#[cfg(feature = "authoring")]
fn leak_seal(seal: &crate::check::seal::Seal) -> &'static Seal {
    let text = |text: &String| -> &'static str { text.clone().leak() };
    let texts = |all: &std::collections::BTreeSet<String>| -> &'static [&'static str] {
        all.iter().map(text).collect::<Vec<_>>().leak()
    };
    let objects = |all: &BTreeMap<String, String>| -> &'static [(&'static str, &'static str)] {
        let objects = all
            .iter()
            .map(|(object, definition)| (text(object), text(definition)));
        objects.collect::<Vec<_>>().leak()
    };
    let locks = seal.locks.iter().map(|(table, lock)| (text(table), *lock));
    let rows = seal.rows.iter().map(|(table, rows)| Rows {
        table: text(table),
        read: rows.read,
        written: rows.written,
    });
    Box::leak(Box::new(Seal {
        proven_on: seal.proven_on.majors().collect::<Vec<_>>().leak(),
        rerunnable: seal.rerunnable,
        locks: locks.collect::<Vec<_>>().leak(),
        rewrites: texts(&seal.rewrites),
        rows: rows.collect::<Vec<_>>().leak(),
        added: objects(&seal.added),
        changed: objects(&seal.changed),
        dropped: texts(&seal.dropped),
    }))
}

#[cfg(feature = "authoring")]
fn leak_one(bytes: Vec<u8>, checked: &crate::check::Checked) -> Migration {
    use crate::check;
    let text = |text: &String| -> &'static str { text.clone().leak() };
    let texts = |all: &[String]| -> &'static [&'static str] {
        all.iter().map(text).collect::<Vec<_>>().leak()
    };
    let spans = |all: &[Span]| -> &'static [Span] { all.to_vec().leak() };
    let residues = |all: &[(usize, check::Residue)]| -> &'static [(usize, Residue)] {
        let leaked = all
            .iter()
            .map(|(nth, residue)| (*nth, leak_residue(residue)));
        leaked.collect::<Vec<_>>().leak()
    };
    let rollback = match &checked.rollback {
        check::Rollback::Sql {
            block,
            statements,
            residues: left,
            data_loss,
        } => Rollback::Sql {
            block: *block,
            statements: spans(statements),
            residues: residues(left),
            data_loss: texts(data_loss),
        },
        check::Rollback::Irreversible { reason } => Rollback::Irreversible {
            reason: text(reason),
        },
        check::Rollback::NothingToUndo { reason } => Rollback::NothingToUndo {
            reason: text(reason),
        },
    };
    let file = String::from_utf8(bytes).expect("what was checked is UTF-8");
    Migration {
        version: checked.version,
        stem: text(&checked.stem),
        description: text(&checked.description),
        file: File::Given(file.leak()),
        sha256: checked.sha256,
        checksum: checked.checksum,
        // Of the others it knows nothing.
        applied_sum: 0,
        forward: checked.forward,
        statements: spans(&checked.statements),
        mode: match checked.mode {
            check::Mode::Transaction => Mode::Transaction,
            check::Mode::NoTransaction => Mode::NoTransaction,
        },
        residues: residues(&checked.residues),
        lock_timeout: checked.lock_timeout,
        rollback,
        data_loss: texts(&checked.data_loss),
        not_rerunnable: checked.not_rerunnable.as_ref().map(text),
        allowances: leak_allowances(&checked.allowances),
        seal: None,
    }
}

#[cfg(feature = "authoring")]
fn leak_allowances(allowances: &[crate::check::Allowance]) -> &'static [Allowance] {
    let allowances = allowances.iter().map(|allowance| Allowance {
        rule: allowance.rule.clone().leak(),
        reason: allowance.reason.clone().leak(),
    });
    allowances.collect::<Vec<_>>().leak()
}

#[cfg(feature = "authoring")]
fn leak_residue(residue: &crate::check::Residue) -> Residue {
    use crate::check;
    let leak = |relation: &check::Relation| Relation {
        schema: relation.schema.clone().leak(),
        name: relation.name.clone().leak(),
    };
    match residue {
        check::Residue::Index(index) => Residue::Index(leak(index)),
        check::Residue::DroppedIndex(index) => Residue::DroppedIndex(leak(index)),
        check::Residue::Reindex => Residue::Reindex,
        check::Residue::Detach { parent, partition } => Residue::Detach {
            parent: leak(parent),
            partition: leak(partition),
        },
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_purpose_ends_with_the_first_comment_about_something_else() {
        let file = "-- Why this is.\n-- And more of it.\n-- migrate: no-transaction\n-- Not of it.\nSELECT 1;\n-- Nor this.\n";
        assert_eq!(super::purpose(file), "Why this is.\nAnd more of it.");
        assert_eq!(super::purpose("SELECT 1;\n-- Not before it.\n"), "");
    }
}
