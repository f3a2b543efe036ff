//! What `version` says: which build this is, and what exactly is in it.

use ring::digest::{SHA256, digest};
use serde::Serialize;

use super::{Paint, Report, count};
use crate::config::PROFILES;
use crate::embedded::{Migration, lock_file};
use crate::source::{FOLDER, LOCK_FILE};

/// Form and version of the JSON document.
const SCHEMA: &str = "dsentr-migrate/version/1";

/// The result of `version`.
#[derive(Debug, Serialize)]
pub struct VersionReport {
    schema: &'static str,
    /// Version of the program.
    pub version: &'static str,
    /// Commit that it was built from, where the build knew; with `-modified` where something that is built in differed.
    pub commit: Option<&'static str>,
    /// `debug` or `release`.
    pub build: &'static str,
    /// The compiler.
    pub toolchain: &'static str,
    /// What it runs on, as the compiler calls it.
    pub target: &'static str,
    /// Newest migration.
    pub newest: Option<String>,
    /// How many migrations there are.
    pub migrations: usize,
    /// Every embedded file: the migrations, their seals, the built-in settings.
    pub files: Vec<FileReport>,
}

/// One embedded file.
#[derive(Debug, Serialize)]
pub struct FileReport {
    /// Its path in the sources.
    pub name: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
}

impl VersionReport {
    /// What is in this binary.
    pub fn new(embedded: &[Migration]) -> Self {
        let schema_files = schema_files(embedded).into_iter().map(|file| FileReport {
            name: format!("{FOLDER}/{}", file.name),
            ..file
        });
        Self {
            schema: SCHEMA,
            version: env!("CARGO_PKG_VERSION"),
            commit: Some(env!("ORIGIN_COMMIT")).filter(|commit| !commit.is_empty()),
            build: if cfg!(debug_assertions) {
                "debug"
            } else {
                "release"
            },
            toolchain: env!("ORIGIN_TOOLCHAIN"),
            target: env!("ORIGIN_TARGET"),
            newest: embedded
                .last()
                .map(|migration| migration.version.to_string()),
            migrations: embedded.len(),
            files: profiles().chain(schema_files).collect(),
        }
    }
}

/// The built-in settings.
fn profiles() -> impl Iterator<Item = FileReport> {
    PROFILES.iter().map(|(name, text)| FileReport {
        name: format!("config/{name}.toml"),
        sha256: hex(digest(&SHA256, text.as_bytes()).as_ref()),
    })
}

/// The migrations, and the seals where they are of these, by their names in `migrations/`.
pub fn schema_files(embedded: &[Migration]) -> Vec<FileReport> {
    let migrations = embedded.iter().map(|migration| FileReport {
        name: format!("{}.sql", migration.stem),
        sha256: hex(&migration.sha256),
    });
    let seals = lock_file(embedded).map(|(_, sum)| FileReport {
        name: LOCK_FILE.to_owned(),
        sha256: sum.to_owned(),
    });
    migrations.chain(seals).collect()
}

/// The lines of a `SHA256SUMS` file, as `sha256sum --check` reads it.
pub fn sums(files: &[FileReport]) -> String {
    let lines = files
        .iter()
        .map(|file| format!("{}  {}\n", file.sha256, file.name));
    lines.collect()
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
            "dsentr-migrate {} ({} build, commit {commit})\n{}, {}\n{}, newest {newest}\n{}",
            self.version,
            self.build,
            self.toolchain,
            self.target,
            count(self.migrations, "migration"),
            sums(&self.files)
        )
    }
}
