//! The history of a database that has applied the migrations in order, as a digest: the server computes the same from its
//! rows, with the question in `src/history.rs`.

use super::Checked;
use sha2::{Digest, Sha256};

/// The history after each of the migrations: SHA-256 of a line for each that is applied then, of version, description and
/// checksum.
pub fn applied_sha256(migrations: &[Checked]) -> impl Iterator<Item = [u8; 32]> {
    let mut hash = Sha256::new();
    let mut separator = "";
    migrations.iter().map(move |migration| {
        let (version, checksum) = (migration.version.as_i64(), migration.checksum);
        let line = format!("{separator}{version} {} {checksum}", migration.description);
        hash.update(line);
        separator = "\n";
        hash.clone().finalize().into()
    })
}
