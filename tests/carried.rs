//! What the binary carries: `version` and `export` against the files they were built from.

mod support;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use dsentr_migrate::cli;
use dsentr_migrate::config::Format;
use dsentr_migrate::source::LOCK_FILE;
use sha2::{Digest, Sha256};
use support::executable::dsentr;
use support::golden::golden;
use support::library::Library;

/// The migrations and their seals.
fn sources() -> BTreeMap<String, Vec<u8>> {
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

fn sums(files: &BTreeMap<String, Vec<u8>>) -> String {
    files
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
    assert!(index.contains(LOCK_FILE), "{index}");
    let mut expected = sources();
    let titles = index.lines().filter_map(|line| line.strip_prefix("## "));
    let stems = expected.keys().filter_map(|name| name.strip_suffix(".sql"));
    assert!(titles.eq(stems), "{index}");
    expected.insert("SHA256SUMS".to_owned(), sums(&expected).into_bytes());
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

/// Every form that a migration can have.
#[tokio::test]
async fn the_index_is_for_a_reader() {
    let library = Library::of(&[
        (
            "2025_01_01_1_first.sql",
            "-- Why it is there.\n-- And more of that.\nCREATE TABLE IF NOT EXISTS first (id int);\n\n\
             -- Rollback:\n--   DROP TABLE first;\n--   -- Data loss: all rows.\n",
        ),
        (
            "2025_01_01_2_second.sql",
            "-- It is found quicker.\n-- migrate: no-transaction\n\
             CREATE INDEX CONCURRENTLY IF NOT EXISTS first_id ON public.first (id);\n\n\
             -- Rollback:\n--   DROP INDEX CONCURRENTLY IF EXISTS public.first_id;\n",
        ),
        (
            "2025_01_01_3_third.sql",
            "-- Nobody needs it.\n-- Data loss: all that is older than a year.\nDELETE FROM first WHERE id < 7;\n\n\
             -- Irreversible: what is deleted is gone.\n",
        ),
        (
            "2025_01_01_4_fourth.sql",
            "-- A look.\nSELECT 1;\n\n-- Nothing to undo: it changes nothing.\n",
        ),
    ]);
    let keep = tempfile::tempdir().expect("a temporary folder");
    let folder = keep.path().join("new");
    let command = cli::Command::Export {
        folder: folder.clone(),
    };
    let ended = library.run_with(&[], command, Format::Text).await;
    assert!(ended.result.is_ok(), "{}", ended.text());
    let exported = files(&folder);
    assert!(!exported.contains_key(LOCK_FILE));
    let index = String::from_utf8_lossy(&exported["INDEX.md"]);
    let version = format!("dsentr-migrate {}", env!("CARGO_PKG_VERSION"));
    golden(
        "export_index.md",
        &index.replace(&version, "dsentr-migrate"),
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
fn version_says_which_build_it_is_and_lists_every_file_with_its_sum() {
    let run = dsentr(&["version"]).run();
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    let lines: Vec<_> = run.stdout.lines().collect();
    let (about, listed) = lines.split_at(3);
    let build = if cfg!(debug_assertions) {
        "debug"
    } else {
        "release"
    };
    let commit = match env!("ORIGIN_COMMIT") {
        "" => "not recorded",
        commit => commit,
    };
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        about[0],
        format!("dsentr-migrate {version} ({build} build, commit {commit})")
    );
    let rustc = Command::new("rustc").arg("--version").output();
    let rustc = rustc.expect("it has compiled this").stdout;
    let rustc = String::from_utf8_lossy(&rustc);
    assert_eq!(
        about[1],
        format!("{}, {}", rustc.trim(), env!("ORIGIN_TARGET"))
    );
    assert_eq!(about[2], "55 migrations, newest 2025_12_03_1");
    let sources = in_the_sources();
    assert_eq!(sorted(listed), sorted(&sources.lines().collect::<Vec<_>>()));
}

fn sorted<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let mut lines = lines.to_vec();
    lines.sort_unstable();
    lines
}

/// The sums of all that is embedded, by its path.
fn in_the_sources() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["config", "migrations"].map(|folder| {
        let named = |(name, bytes)| (format!("{folder}/{name}"), bytes);
        sums(&files(&root.join(folder)).into_iter().map(named).collect())
    });
    folders.concat()
}
