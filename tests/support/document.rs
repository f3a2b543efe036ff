//! The documents: their blocks, their console blocks played by a shell, and the parts of them that are made from code.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use super::mask::{mask_durations, mask_version};
use super::server::{Database, Server};

fn path(document: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(document)
}

/// A document.
pub(crate) fn read(document: &str) -> String {
    std::fs::read_to_string(path(document)).expect("the document is there")
}

/// The contents of the fenced blocks of one kind.
pub(crate) fn blocks(text: &str, kind: &str) -> Vec<String> {
    let opening = format!("```{kind}\n");
    let blocks = text.split(&opening).skip(1);
    blocks
        .map(|rest| rest.split("```").next().unwrap_or_default().to_owned())
        .collect()
}

/// The one block of a kind.
pub(crate) fn only(document: &str, kind: &str) -> String {
    let mut blocks = blocks(&read(document), kind);
    assert_eq!(blocks.len(), 1, "{kind} blocks of {document}");
    blocks.remove(0)
}

/// The commands of a block, each as it is shown: `$ ` opens one, and `> ` goes on with it.
fn commands(block: &str) -> Vec<String> {
    let mut commands: Vec<String> = Vec::new();
    for line in block.lines() {
        match (
            line.starts_with("$ "),
            line.starts_with("> "),
            commands.last_mut(),
        ) {
            (true, _, _) => commands.push(line.to_owned()),
            (_, true, Some(command)) => *command += &format!("\n{line}"),
            _ => {}
        }
    }
    commands
}

/// Runs the commands in one shell, and puts what they print between them.
pub(crate) fn play(block: &str, database: &Database<'_>) -> String {
    let block = block.replace("postgres://postgres@127.0.0.1:5432/dsentr", &database.url());
    let text = play_in_a_shell(&block, &[("DATABASE_URL", &database.url())]);
    as_documented(&text, database.server()).replace(database.name(), "dsentr")
}

/// As [`play`], with these variables and no others.
pub(crate) fn play_in_a_shell(block: &str, variables: &[(&str, &str)]) -> String {
    play_after("", block, variables)
}

/// As [`play_in_a_shell`], after commands that are not shown.
pub(crate) fn play_after(prelude: &str, block: &str, variables: &[(&str, &str)]) -> String {
    let folder = Path::new(env!("CARGO_BIN_EXE_dsentr-migrate"))
        .parent()
        .expect("a file is in a folder");
    let home = tempfile::tempdir().expect("a temporary folder");
    let psql = super::psql::path();
    let folders = [
        folder,
        psql.parent().expect("a file is in a folder"),
        Path::new("/usr/bin"),
        Path::new("/bin"),
    ];
    let script: String = commands(block)
        .iter()
        .map(|shown| {
            let command = shown.replace("\n> ", "\n");
            let command = command.trim_start_matches("$ ");
            format!("echo {}\n{command}\n", shell_quoted(shown))
        })
        .collect();
    let output = Command::new("/bin/sh")
        .args(["-c", &format!("exec 2>&1\n{prelude}\n{script}")])
        .env_clear()
        .env(
            "PATH",
            std::env::join_paths(folders).expect("no folder has a colon"),
        )
        .current_dir(home.path())
        .env("HOME", home.path())
        .envs(variables.iter().copied())
        .output()
        .expect("there is a shell");
    String::from_utf8(output.stdout).expect("the output is UTF-8")
}

fn shell_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The server of this run as the documents write it.
pub(crate) fn as_documented(text: &str, server: &Server) -> String {
    text.replace(&format!("127.0.0.1:{}", server.port()), "127.0.0.1:5432")
}

/// What a block shows is what happened.
#[track_caller]
pub(crate) fn assert_shows(document: &str, block: &str, actual: &str) {
    assert!(
        matches(&normal(block), &normal(actual)),
        "{document} shows\n{block}\nbut this happens\n{actual}"
    );
}

/// Durations and the server's version differ; a line of dots stands for any lines.
fn normal(text: &str) -> Vec<String> {
    let text = mask_durations(&mask_version(text));
    text.lines().map(str::to_owned).collect()
}

fn matches(expected: &[String], actual: &[String]) -> bool {
    match expected.split_first() {
        None => actual.is_empty(),
        Some((dots, rest)) if dots == "..." => {
            (0..=actual.len()).any(|skip| matches(rest, &actual[skip..]))
        }
        Some((first, rest)) => actual
            .split_first()
            .is_some_and(|(line, after)| line == first && matches(rest, after)),
    }
}

/// A table in Markdown. A bar in a cell would end it.
pub(crate) fn table<const N: usize>(heading: [&str; N], rows: &[[String; N]]) -> String {
    let row = |cells: [String; N]| format!("| {} |\n", cells.join(" | "));
    let head = row(heading.map(str::to_owned)) + &row(heading.map(|_| "---".to_owned()));
    let cells = rows.iter().cloned();
    let rows = cells.map(|cells| row(cells.map(|cell| cell.replace('|', r"\|"))));
    rows.fold(head, |table, row| table + &row)
}

/// Compares the part of a document between two comments with what the code makes. With `BLESS=1` it is written anew.
#[track_caller]
pub(crate) fn assert_made(document: &str, what: &str, made: &str) {
    // Tests that write the same document would overwrite each other's part.
    static WRITERS: Mutex<()> = Mutex::new(());
    let _one_at_a_time = WRITERS.lock().unwrap_or_else(PoisonError::into_inner);
    let opening = format!("<!-- made from {what} by tests/reference.rs -->\n");
    let closing = "\n<!-- end -->\n";
    let text = read(document);
    let (before, rest) = text
        .split_once(&opening)
        .unwrap_or_else(|| panic!("{document} has no line {opening}"));
    let (shown, after) = rest.split_once(closing).expect("what is opened is closed");
    let made = &format!("\n{made}");
    if std::env::var_os("BLESS").is_some_and(|value| value == "1") {
        std::fs::write(
            path(document),
            [before, &opening, made, closing, after].concat(),
        )
        .expect("the document can be written");
        return;
    }
    assert!(
        shown == made,
        "{document} differs from {what} (BLESS=1 writes it anew)\n--- shown\n{shown}\n--- made\n{made}"
    );
}
