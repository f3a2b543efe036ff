//! What ships in the executable and was written by others: crates, and what is linked beside them. Made from what cargo
//! says of one target. Knows nothing of migrations, and is not in the executable itself.

mod crates;
mod licences;
mod sbom;

use std::path::PathBuf;

pub use self::crates::shipped;
pub use self::licences::licences;
pub use self::sbom::{Subject, sbom};

/// Something that ships, in one version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Under which licence, as an SPDX expression.
    pub licence: String,
    /// Where it is known: the package URL.
    pub purl: String,
    /// SHA-256 of the archive it came in, in hexadecimal.
    pub sha256: Option<String>,
    /// Who wrote it, as far as its manifest says.
    pub authors: Vec<String>,
    /// Where it is worked on.
    pub repository: Option<String>,
    /// Its sources on this machine.
    pub folder: Option<PathBuf>,
    /// What it uses, by package URL.
    pub uses: Vec<String>,
}

/// What is in the executable without being a crate, from `name version licence purl`, tab-separated.
///
/// # Errors
/// There are more or fewer than four fields.
pub fn other_part(line: &str) -> anyhow::Result<Part> {
    let fields: Vec<&str> = line.split('\t').collect();
    let [name, version, licence, purl] = fields[..] else {
        anyhow::bail!("not four fields with tabs between them: {line:?}");
    };
    Ok(Part {
        name: name.to_owned(),
        version: version.to_owned(),
        licence: licence.to_owned(),
        purl: purl.to_owned(),
        sha256: None,
        authors: Vec::new(),
        repository: None,
        folder: None,
        uses: Vec::new(),
    })
}
