//! What the binary carries: `version` and `export` against the files they were built from.

mod support;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use sha2::{Digest, Sha256};
use support::executable::dsentr;
use support::golden::golden;

fn migrations() -> BTreeMap<String, Vec<u8>> {
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations"))
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
    let exported = files(&target);
    let index = String::from_utf8(exported["INDEX.md"].clone()).expect("the index is UTF-8");
    let version = format!("dsentr-migrate {}", env!("CARGO_PKG_VERSION"));
    golden(
        "export_index.md",
        &index.replace(&version, "dsentr-migrate"),
    );
    let mut expected = migrations();
    expected.insert("SHA256SUMS".to_owned(), sums().into_bytes());
    expected.insert("INDEX.md".to_owned(), index.into_bytes());
    assert_eq!(exported, expected);
    let check = Command::new("sha256sum")
        .args(["--check", "--strict", "--quiet", "SHA256SUMS"])
        .current_dir(&target)
        .output()
        .expect("sha256sum is there");
    assert!(check.status.success(), "{check:?}");
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

/// A folder that cannot be finished is not begun: nothing of it is left.
#[test]
fn a_failed_export_leaves_nothing() {
    let keep = tempfile::tempdir().expect("a temporary folder");
    let target = keep.path().join("taken");
    std::fs::write(&target, "a file").expect("the folder takes files");
    let run = dsentr(&["export", &target.display().to_string()]).run();
    assert_eq!(run.code, Some(1), "{}", run.text());
    let left: Vec<_> = files(keep.path()).into_keys().collect();
    assert_eq!(left, ["taken"]);
}

/// It asks no database, so whatever is said of one does not matter.
#[test]
fn wrong_settings_of_a_connection_do_not_matter() {
    let keep = tempfile::tempdir().expect("a temporary folder");
    let target = keep.path().join("new").display().to_string();
    for arguments in [&["export", &target][..], &["version"]] {
        let run = dsentr(arguments).env("DATABASE_URL", "none").run();
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    }
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
