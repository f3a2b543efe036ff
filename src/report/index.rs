//! What `export` writes for a reader: each migration with its purpose, its sums and its way back.

use super::{count, hex};
use crate::embedded::{Migration, Mode, Rollback};

/// The index, in Markdown that can be read as it is.
pub fn index(embedded: &[Migration], has_seals: bool) -> String {
    let mut text = format!(
        "# The schema of Dsentr, as dsentr-migrate {} carries it\n\n{}",
        env!("CARGO_PKG_VERSION"),
        count(embedded.len(), "migration")
    );
    if let Some(newest) = embedded.last() {
        text.push_str(&format!(", the newest is {}", newest.version));
    }
    text.push_str(
        ".\nThe files are those that the executable was built from, byte for byte; \
         `sha256sum --check SHA256SUMS` compares them,\nand `dsentr-migrate version` lists the same sums.\n",
    );
    if has_seals {
        text.push_str("`migrations.lock` holds what was proven of each.\n");
    }
    text.push_str("\nThey are applied in this order:\n");
    for migration in embedded {
        text.push_str(&entry(migration));
    }
    text
}

fn entry(migration: &Migration) -> String {
    let runs = match migration.mode {
        Mode::Transaction => "in one transaction",
        Mode::NoTransaction => "statement by statement, without a transaction",
    };
    let mut text = format!(
        "\n## {}\n\n{}\n\n\
         - version in the history: {}, with checksum {}\n\
         - SHA-256 of the file: {}\n\
         - runs {runs}\n\
         - way back: {}\n",
        migration.stem,
        migration.purpose(),
        migration.version.as_i64(),
        migration.checksum,
        hex(&migration.sha256),
        way_back(&migration.rollback),
    );
    for loss in migration.data_loss {
        text.push_str(&format!("- lost on the way forward: {loss}\n"));
    }
    if let Rollback::Sql { data_loss, .. } = migration.rollback {
        for loss in data_loss {
            text.push_str(&format!("- lost on the way back: {loss}\n"));
        }
    }
    text
}

fn way_back(rollback: &Rollback) -> String {
    match rollback {
        Rollback::Sql { statements, .. } => {
            format!(
                "{} at the end of the file",
                count(statements.len(), "statement")
            )
        }
        Rollback::Irreversible { reason } => format!("none: {reason}"),
        Rollback::NothingToUndo { reason } => format!("nothing to undo: {reason}"),
    }
}
