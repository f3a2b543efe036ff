//! What `version` says: which build this is, and what exactly is in it.

use serde::Serialize;

use super::{Paint, Report, count};
use crate::embedded::Migration;

/// Form and version of the JSON document.
const SCHEMA: &str = "dsentr-migrate/version/1";

/// The result of `version`.
#[derive(Debug, Serialize)]
pub struct VersionReport {
    schema: &'static str,
    /// Version of the program.
    pub version: &'static str,
    /// Commit that it was built from, where the build was told.
    pub commit: Option<&'static str>,
    /// `debug` or `release`.
    pub build: &'static str,
    /// Newest migration.
    pub newest: Option<String>,
    /// Every embedded file.
    pub files: Vec<FileReport>,
}

/// One embedded file.
#[derive(Debug, Serialize)]
pub struct FileReport {
    /// Its name.
    pub name: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
}

impl VersionReport {
    /// What is in this binary.
    pub fn new(embedded: &[Migration]) -> Self {
        Self {
            schema: SCHEMA,
            version: env!("CARGO_PKG_VERSION"),
            commit: option_env!("DSENTR_MIGRATE_COMMIT"),
            build: if cfg!(debug_assertions) {
                "debug"
            } else {
                "release"
            },
            newest: embedded
                .last()
                .map(|migration| migration.version.to_string()),
            files: embedded
                .iter()
                .map(|migration| FileReport {
                    name: format!("{}.sql", migration.stem),
                    sha256: hex(&migration.sha256),
                })
                .collect(),
        }
    }

    /// The lines of a `SHA256SUMS` file, as `sha256sum --check` reads it.
    pub fn sums(&self) -> String {
        self.files
            .iter()
            .map(|file| format!("{}  {}\n", file.sha256, file.name))
            .collect()
    }
}

/// Bytes in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Report for VersionReport {
    fn text(&self, _: Paint) -> String {
        let commit = self.commit.unwrap_or("not recorded");
        let newest = self.newest.as_deref().unwrap_or("none");
        format!(
            "dsentr-migrate {} ({} build, commit {commit})\n{}, newest {newest}\n{}",
            self.version,
            self.build,
            count(self.files.len(), "migration"),
            self.sums()
        )
    }
}
