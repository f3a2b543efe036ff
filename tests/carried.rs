//! What the binary carries: `version` and `export` against the files they were built from.

mod support;

use std::collections::BTreeMap;
use std::path::Path;

use sha2::{Digest, Sha256};
use support::executable::dsentr;

/// `migrations.lock` is no migration: what it says is carried, and not as a file.
fn migrations() -> BTreeMap<String, Vec<u8>> {
    let mut files = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations"));
    files.remove("migrations.lock").expect("all are sealed");
    files
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    folder
        .read_dir()
        .expect("the folder is there")
        .map(|entry| {
            let entry = entry.expect("the folder can be read");
            let name = entry.file_name().into_string().expect("names are UTF-8");
            (
                name,
                std::fs::read(entry.path()).expect("files can be read"),
            )
        })
        .collect()
}

fn sums() -> String {
    migrations()
        .iter()
        .map(|(name, bytes)| {
            let sum: String = Sha256::digest(bytes)
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            format!("{sum}  {name}\n")
        })
        .collect()
}

#[test]
fn export_writes_what_was_built_in() {
    let run = dsentr(&["export", "new/folder"]);
    let home = run.home().to_owned();
    let keep = tempfile::tempdir().expect("a temporary folder");
    let target = keep.path().join("new/folder");
    drop((run, home));
    let run = dsentr(&["export", &target.display().to_string()]).run();
    assert_eq!(
        (run.code, run.stdout.as_str(), run.stderr.as_str()),
        (Some(0), "", "")
    );
    let mut expected = migrations();
    expected.insert("SHA256SUMS".to_owned(), sums().into_bytes());
    assert_eq!(files(&target), expected);
    // Nothing is overwritten, and nothing is left beside it.
    let again = dsentr(&["export", &target.display().to_string()]).run();
    assert_eq!(again.code, Some(2));
    assert_eq!(
        again.stderr,
        format!(
            "error: the folder {} is not empty\nnote: nothing was changed\nhelp: name a folder that does not exist yet\n",
            target.display()
        )
    );
    assert_eq!(files(&target), expected);
    assert_eq!(
        target
            .parent()
            .expect("it has one")
            .read_dir()
            .expect("it is there")
            .count(),
        1
    );
}

#[test]
fn version_lists_every_file_with_its_sum() {
    let run = dsentr(&["version"]).run();
    let newest = "2025_12_03_1";
    let build = if cfg!(debug_assertions) {
        "debug"
    } else {
        "release"
    };
    let commit = option_env!("DSENTR_MIGRATE_COMMIT").unwrap_or("not recorded");
    let expected = format!(
        "dsentr-migrate {} ({build} build, commit {commit})\n55 migrations, newest {newest}\n{}",
        env!("CARGO_PKG_VERSION"),
        sums()
    );
    assert_eq!(
        (run.code, run.stdout, run.stderr.as_str()),
        (Some(0), expected, "")
    );
}
