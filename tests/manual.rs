//! The man pages and completions that `cargo migration manual` makes, and the unit of systemd beside them.

mod support;

use std::path::Path;

use dsentr_migrate::error::exit_code;
use support::executable::executable;
use support::golden::golden;

#[test]
fn there_is_a_page_for_every_command_and_a_completion_for_every_shell() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let manual = folder.path().join("manual");
    let path = manual.to_str().expect("the path is UTF-8");
    let run = executable(env!("CARGO_BIN_EXE_migration"), &["manual", path])
        .env("SOURCE_DATE_EPOCH", "1767225600")
        .run();
    assert_eq!(
        run.text(),
        format!("{path}: man pages, and completions for bash, zsh and fish\n[exit 0]\n")
    );
    golden("manual_files.txt", &files(&manual));
    for page in ["dsentr-migrate.1", "dsentr-migrate-rollback.1"] {
        let text = std::fs::read_to_string(manual.join(page)).expect("the page is there");
        // The goldens outlive a version.
        golden(page, &text.replace(env!("CARGO_PKG_VERSION"), "0.0.0"));
    }
    let again = executable(env!("CARGO_BIN_EXE_migration"), &["manual", path]).run();
    assert_eq!(
        again.text(),
        format!("error: the folder {path} cannot be made: File exists (os error 17)\n[exit 1]\n")
    );
}

/// The names of the files, sorted.
fn files(folder: &Path) -> String {
    let entries = std::fs::read_dir(folder).expect("the folder is there");
    let mut names: Vec<_> = entries
        .map(|entry| entry.expect("it can be read").file_name())
        .map(|name| name.to_string_lossy().into_owned() + "\n")
        .collect();
    names.sort();
    names.concat()
}

#[test]
fn the_unit_tries_again_what_is_worth_it() {
    let unit = include_str!("../deploy/systemd/dsentr-migrate.service");
    let line = unit
        .lines()
        .find_map(|line| line.strip_prefix("RestartPreventExitStatus="));
    let never: Vec<u8> = line
        .unwrap_or_default()
        .split(' ')
        .map(|code| code.parse().expect("a code"))
        .collect();
    let last = exit_code::STOPPED;
    let others =
        (exit_code::FAILED..=last).filter(|code| !exit_code::WORTH_ANOTHER_TRY.contains(code));
    assert_eq!(never, others.collect::<Vec<_>>());
}
