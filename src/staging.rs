//! The folder that build.rs fills for the compiler, `OUT_DIR`: the checked files, where `include_dir` takes them from, and
//! the table beside them; and what one build leaves there for the next.
//!
//! What is as it should be is left alone. Whatever else is put there appears whole or not at all, however many builds do
//! so at once, and whenever one of them is killed.

use crate::check::{self, Entry, Judge, Outcome, Verdicts};
use crate::source;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{env, fs, io, process};

/// Where the verdicts are kept.
const VERDICTS: &str = "verdicts";

pub(crate) struct Stage {
    out: PathBuf,
    /// None where the system does not say what this executable is: then nothing is known, and nothing is kept.
    judge: Option<Judge>,
}

impl Stage {
    pub(crate) fn of_cargo() -> Result<Self, String> {
        let out =
            env::var_os("OUT_DIR").ok_or("OUT_DIR is not set: this script is run by cargo")?;
        let executable = env::current_exe().and_then(fs::read);
        Ok(Self {
            out: out.into(),
            judge: executable.ok().map(|bytes| Judge::new(&bytes)),
        })
    }

    /// What an earlier build found right.
    pub(crate) fn verdicts(&self) -> Verdicts<'static> {
        let kept = fs::read(self.out.join(VERDICTS)).ok();
        let recalled = self.judge.as_ref().zip(kept);
        recalled
            .map(|(judge, kept)| judge.recall(&kept))
            .unwrap_or_default()
    }

    /// Keeps what this one found right, for the next.
    pub(crate) fn keep(&self, outcome: &Outcome) -> Result<(), String> {
        let Some(judge) = &self.judge else {
            return Ok(());
        };
        self.put(VERDICTS, &judge.keep(outcome))
    }

    /// Puts the checked bytes there, and nothing else, and the table beside them. The lock file was checked with them.
    pub(crate) fn fill(&self, entries: &[Entry], outcome: &Outcome) -> Result<(), String> {
        let files = passed(entries, outcome);
        self.clear(&files)?;
        for (name, bytes) in &files {
            self.put(&format!("{}/{name}", source::FOLDER), bytes)?;
        }
        let seals = files.get(source::LOCK_FILE);
        let sum = seals.map(|bytes| check::seal::file_sum(bytes));
        self.put("lock_file_sum", sum.unwrap_or_default().as_bytes())?;
        let table = check::table(&outcome.migrations, &outcome.lock_file);
        self.put("migrations.rs", table.as_bytes())
    }

    /// A file of an earlier build that is gone from the sources must not stay embedded.
    fn clear(&self, files: &BTreeMap<&str, &[u8]>) -> Result<(), String> {
        let folder = self.out.join(source::FOLDER);
        at(&folder, fs::create_dir_all(&folder))?;
        for entry in at(&folder, fs::read_dir(&folder))? {
            let entry = at(&folder, entry)?;
            let name = entry.file_name();
            if name.to_str().is_none_or(|name| !files.contains_key(name)) {
                at(&entry.path(), fs::remove_file(entry.path()))?;
            }
        }
        Ok(())
    }

    fn put(&self, name: &str, bytes: &[u8]) -> Result<(), String> {
        let path = self.out.join(name);
        if fs::read(&path).is_ok_and(|there| there == bytes) {
            return Ok(());
        }
        let new = self.out.join(format!("new-{}", process::id()));
        at(&new, fs::write(&new, bytes))?;
        at(&path, fs::rename(&new, &path))
    }
}

/// The files that are embedded.
fn passed<'a>(entries: &'a [Entry], outcome: &Outcome) -> BTreeMap<&'a str, &'a [u8]> {
    let migrations = outcome.migrations.iter();
    let migrations = migrations.map(|migration| format!("{}.sql", migration.stem));
    let names: BTreeSet<String> = migrations.chain([source::LOCK_FILE.to_owned()]).collect();
    let files = entries
        .iter()
        .filter_map(|entry| Some((entry.name.as_str(), entry.bytes.as_deref()?)));
    files.filter(|(name, _)| names.contains(*name)).collect()
}

/// With the path in the message.
pub(crate) fn at<T>(path: &Path, result: io::Result<T>) -> Result<T, String> {
    result.map_err(|error| format!("{}: {error}", path.display()))
}
