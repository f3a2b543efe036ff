//! Seals without a server: what `cargo migration seal` would write, with evidence that the test makes up.

use std::collections::{BTreeMap, BTreeSet};

use dsentr_migrate::check::seal::{LockFile, Seal, forward_sha256, rollback_sha256, schema_sha256};
use dsentr_migrate::check::{Checked, Entry, Mode, Rollback, check};
use dsentr_migrate::source::PROMISED;

/// The seal of a file that does nothing to the schema, as far as the file itself decides it.
pub(crate) fn seal(checked: &Checked, text: &str) -> Seal {
    Seal {
        forward: forward_sha256(checked, text),
        rollback: rollback_sha256(checked, text),
        transaction: checked.mode == Mode::Transaction,
        rerunnable: checked.not_rerunnable.is_none(),
        data_loss: checked.data_loss.clone(),
        rollback_data_loss: match &checked.rollback {
            Rollback::Sql { data_loss, .. } => data_loss.clone(),
            Rollback::Irreversible { .. } | Rollback::NothingToUndo { .. } => Vec::new(),
        },
        ..empty(&checked.stem)
    }
}

/// A seal that says nothing.
pub(crate) fn empty(stem: &str) -> Seal {
    Seal {
        stem: stem.to_owned(),
        forward: [0x1a; 32],
        rollback: [0x2b; 32],
        schema: [0; 32],
        transaction: true,
        rerunnable: true,
        proven_on: PROMISED.into(),
        data_loss: Vec::new(),
        rollback_data_loss: Vec::new(),
        locks: BTreeMap::new(),
        rewrites: BTreeSet::new(),
        rows: BTreeMap::new(),
        added: BTreeMap::new(),
        changed: BTreeMap::new(),
        dropped: BTreeSet::new(),
    }
}

/// The file with the hashes of the whole schema that follow from the objects.
pub(crate) fn lock_file(mut seals: Vec<Seal>) -> LockFile {
    seals.sort_by(|a, b| a.stem.cmp(&b.stem));
    let mut objects = BTreeMap::new();
    for seal in &mut seals {
        seal.apply(&mut objects);
        seal.schema = schema_sha256(&objects);
    }
    LockFile::new(seals)
}

/// The file for these migrations, which must pass the checks.
pub(crate) fn sealed(files: &[(&str, &str)]) -> LockFile {
    let entries: Vec<Entry> = files
        .iter()
        .map(|(name, text)| Entry::file(*name, text.as_bytes()))
        .collect();
    let outcome = check(&entries);
    assert!(outcome.problems.is_empty(), "{:?}", outcome.problems);
    let seals = outcome.migrations.iter().map(|checked| {
        let name = format!("{}.sql", checked.stem);
        let text = files.iter().find(|(file, _)| *file == name);
        seal(checked, text.expect("it is one of the files").1)
    });
    lock_file(seals.collect())
}
