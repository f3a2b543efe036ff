//! What `version` says: which build this is, and what exactly is in it.

use ring::digest::{SHA256, digest};
use serde::{Serialize, Serializer};

use super::{Paint, Parts, Report, count};
use crate::config::PROFILES;
use crate::embedded::{Migration, lock_file};
use crate::source::{FOLDER, LOCK_FILE};

/// Form and version of the JSON document.
const SCHEMA: &str = "dsentr-migrate/version/1";

/// The result of `version`.
#[derive(Debug, Serialize)]
pub struct VersionReport<'a> {
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
    #[serde(rename = "files", serialize_with = "one_by_one")]
    embedded: &'a [Migration],
}

/// One embedded file.
#[derive(Debug, Serialize)]
pub struct FileReport {
    /// Its path in the sources.
    pub name: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
}

fn files(embedded: &[Migration]) -> impl DoubleEndedIterator<Item = FileReport> {
    let schema_files = schema_files(embedded).map(|file| FileReport {
        name: [FOLDER, "/", &file.name].concat(),
        ..file
    });
    profiles().chain(schema_files)
}

/// Each is gone when the next is made.
fn one_by_one<S: Serializer>(embedded: &&[Migration], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(files(embedded))
}

impl<'a> VersionReport<'a> {
    /// What is in this binary.
    pub fn new(embedded: &'a [Migration]) -> Self {
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
            embedded,
        }
    }
}

/// The built-in settings.
fn profiles() -> impl DoubleEndedIterator<Item = FileReport> {
    PROFILES.iter().map(|(name, text)| FileReport {
        name: format!("config/{name}.toml"),
        sha256: hex(digest(&SHA256, text.as_bytes()).as_ref()),
    })
}

/// The migrations, and the seals where they are of these, by their names in `migrations/`.
pub fn schema_files(embedded: &[Migration]) -> impl DoubleEndedIterator<Item = FileReport> {
    let migrations = embedded.iter().map(|migration| FileReport {
        name: [migration.stem, ".sql"].concat(),
        sha256: hex(&migration.sha256),
    });
    let seals = lock_file(embedded).map(|(_, sum)| FileReport {
        name: LOCK_FILE.to_owned(),
        sha256: sum.to_owned(),
    });
    migrations.chain(seals)
}

/// A line of a `SHA256SUMS` file, as `sha256sum --check` reads it.
pub fn sum(file: &FileReport) -> String {
    [&file.sha256, "  ", &file.name, "\n"].concat()
}

/// Bytes in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    // Of every file: with `format!` it would be most of what `version` takes.
    let mut text = vec![0; 2 * bytes.len()];
    for (pair, byte) in text.chunks_exact_mut(2).zip(bytes) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 0xf)];
    }
    String::from_utf8(text).unwrap_or_default()
}

impl Report for VersionReport<'_> {
    fn text(&self, paint: Paint) -> String {
        self.parts(paint).collect()
    }

    fn parts(&self, _: Paint) -> Parts<'_> {
        let head = std::iter::once_with(|| {
            let commit = self.commit.unwrap_or("not recorded");
            let newest = self.newest.as_deref().unwrap_or("none");
            format!(
                "dsentr-migrate {} ({} build, commit {commit})\n{}, {}\n{}, newest {newest}\n",
                self.version,
                self.build,
                self.toolchain,
                self.target,
                count(self.migrations, "migration"),
            )
        });
        Box::new(head.chain(files(self.embedded).map(|file| sum(&file))))
    }
}
