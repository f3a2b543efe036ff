//! The folders that the tool reads and writes: `migrations/`, `tests/fixtures/rows/`, and the lock file.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::check::Entry;
use crate::check::seal::LOCK_FILE;
use crate::source::FOLDER;

/// Where the rows are that fill the tables, a file a migration, named as the migration is.
pub(super) const ROWS: &str = "tests/fixtures/rows";

/// A folder with all that is needed.
#[derive(Debug)]
pub(super) struct Project {
    root: PathBuf,
}

impl Project {
    /// In the folder that is given, else that of the package that cargo runs us for, else the working folder.
    pub(super) fn at(folder: Option<PathBuf>) -> Self {
        let package = || std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        Self {
            root: folder.or_else(package).unwrap_or_default(),
        }
    }

    /// What is in `migrations/`.
    pub(super) fn entries(&self) -> anyhow::Result<Vec<Entry>> {
        let folder = self.root.join(FOLDER);
        let mut entries = Vec::new();
        for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let path = entry.with_context(|| folder.display().to_string())?.path();
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            // As the build sees it: a link is no plain file.
            let is_file = path.symlink_metadata().is_ok_and(|known| known.is_file());
            let bytes = is_file.then(|| fs::read(&path)).transpose();
            let bytes = bytes.with_context(|| path.display().to_string())?;
            entries.push(Entry { name, bytes });
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    /// The files with rows, by the name of their migration.
    pub(super) fn rows(&self) -> anyhow::Result<BTreeMap<String, String>> {
        let folder = self.root.join(ROWS);
        let mut rows = BTreeMap::new();
        let Ok(entries) = fs::read_dir(&folder) else {
            return Ok(rows);
        };
        for entry in entries {
            let path = entry.with_context(|| folder.display().to_string())?.path();
            let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let stem = name.strip_suffix(".sql").unwrap_or(&name);
            rows.insert(stem.to_owned(), text);
        }
        Ok(rows)
    }

    /// Writes the lock file, whole or not at all.
    pub(super) fn write_lock_file(&self, text: &str) -> anyhow::Result<()> {
        let path = self.lock_file_path();
        // Outside of `migrations/`, where a leftover would stop the build; on the same file system all the same.
        let new = self
            .root
            .join(format!(".{LOCK_FILE}.{}", std::process::id()));
        let written = write_new(&new, text).and_then(|()| fs::rename(&new, &path));
        if written.is_err() {
            let _ = fs::remove_file(&new);
        }
        written.with_context(|| path.display().to_string())
    }

    /// Writes a new file into `migrations/`; never over another one.
    pub(super) fn write_migration(&self, name: &str, text: &str) -> anyhow::Result<()> {
        let path = self.root.join(FOLDER).join(name);
        write_new(&path, text).with_context(|| path.display().to_string())
    }

    fn lock_file_path(&self) -> PathBuf {
        self.root.join(FOLDER).join(LOCK_FILE)
    }
}

fn write_new(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
