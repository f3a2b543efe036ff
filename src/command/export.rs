//! `export`: the embedded files as they were built in.

use std::path::Path;

use anyhow::Context;

use crate::config::ConfigError;
use crate::embedded::{Migration, lock_file};
use crate::error::Error;
use crate::report::{index, schema_files, sum};
use crate::source::LOCK_FILE;

/// Writes everything beside the folder first, and moves it into place at the end: the folder is
/// there in full or not at all.
pub(super) fn export(folder: &Path, embedded: &[Migration]) -> Result<(), Error> {
    if folder
        .read_dir()
        .is_ok_and(|mut entries| entries.next().is_some())
    {
        return Err(
            ConfigError::new(format!("the folder {} is not empty", folder.display()))
                .with_help("name a folder that does not exist yet")
                .into(),
        );
    }
    let parent = folder
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    std::fs::create_dir_all(parent)
        .with_context(|| format!("the folder {} cannot be made", parent.display()))?;
    let name = folder
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let staging = parent.join(format!(".{name}.{}", std::process::id()));
    let result = write_files(&staging, embedded).and_then(|()| {
        std::fs::rename(&staging, folder).with_context(|| {
            format!(
                "{} cannot be moved to {}",
                staging.display(),
                folder.display()
            )
        })
    });
    if result.is_err() {
        // What matters is why it failed; a folder that stays behind is a lesser evil.
        let _ = std::fs::remove_dir_all(&staging);
    }
    Ok(result?)
}

fn write_files(folder: &Path, embedded: &[Migration]) -> anyhow::Result<()> {
    let write = |name: String, bytes: &[u8]| {
        let path = folder.join(name);
        std::fs::write(&path, bytes)
            .with_context(|| format!("{} cannot be written", path.display()))
    };
    std::fs::create_dir(folder)
        .with_context(|| format!("the folder {} cannot be made", folder.display()))?;
    for migration in embedded {
        write(
            format!("{}.sql", migration.stem),
            migration.text().as_bytes(),
        )?;
    }
    let seals = lock_file(embedded);
    if let Some((bytes, _)) = seals {
        write(LOCK_FILE.to_owned(), bytes)?;
    }
    let sums: String = schema_files(embedded).map(|file| sum(&file)).collect();
    write("SHA256SUMS".to_owned(), sums.as_bytes())?;
    write(
        "INDEX.md".to_owned(),
        index(embedded, seals.is_some()).as_bytes(),
    )
}
