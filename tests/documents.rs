//! What the documents show is what happens: their console blocks are run, and their example passes the checks.

mod support;

use std::path::Path;
use std::process::Command;

use dsentr_migrate::check::{Entry, Problem, RULES, check};
use dsentr_migrate::embedded::MIGRATIONS;
use support::mask::{mask_durations, mask_version};
use support::schema::apply;
use support::server::{Database, Server};
use support::sqlx::{sqlx_row, sqlx_table};

fn read(document: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(document))
        .expect("the document is there")
}

/// The contents of the fenced blocks of one kind.
fn blocks(text: &str, kind: &str) -> Vec<String> {
    let opening = format!("```{kind}\n");
    let blocks = text.split(&opening).skip(1);
    blocks
        .map(|rest| rest.split("```").next().unwrap_or_default().to_owned())
        .collect()
}

/// A database as the SQLx CLI would have left it, with all migrations but the newest.
async fn made_by_sqlx(database: &Database<'_>) {
    let session = database.session().await;
    let (_, made) = MIGRATIONS.split_last().expect("there are migrations");
    sqlx_table(&session).await;
    for migration in made {
        apply(&session, migration).await;
        let version = migration.version.to_string();
        let (day, counter) = version.rsplit_once('_').expect("a version");
        let number = day.replace('_', "") + counter;
        sqlx_row(&session, &number, migration.description).await;
    }
    session.close().await;
}

#[tokio::test]
async fn the_example_of_adopting_is_what_happens() {
    let server = Server::of_its_own();
    let database = server.database();
    made_by_sqlx(&database).await;
    let block = only("docs/adopt.md", "console");
    let actual = play(&block, &database);
    assert!(
        matches(&normal(&block), &normal(&actual)),
        "docs/adopt.md shows\n{block}\nbut this happens\n{actual}"
    );
}

/// Runs the lines that start with `$ `, in one shell, and puts what they print between them.
fn play(block: &str, database: &Database<'_>) -> String {
    let block = block.replace("postgres://postgres@127.0.0.1:5432/dsentr", &database.url());
    let text = play_in_a_shell(&block, &[("DATABASE_URL", &database.url())]);
    as_documented(&text, database.server()).replace(database.name(), "dsentr")
}

fn play_in_a_shell(block: &str, variables: &[(&str, &str)]) -> String {
    let folder = Path::new(env!("CARGO_BIN_EXE_dsentr-migrate"))
        .parent()
        .expect("a file is in a folder");
    let home = tempfile::tempdir().expect("a temporary folder");
    let psql = support::psql::path();
    let folders = [
        folder,
        psql.parent().expect("a file is in a folder"),
        Path::new("/usr/bin"),
        Path::new("/bin"),
    ];
    let commands = block.lines().filter_map(|line| line.strip_prefix("$ "));
    let script: String = commands
        .map(|command| {
            format!(
                "echo {}\n{command}\n",
                shell_quoted(&format!("$ {command}"))
            )
        })
        .collect();
    let output = Command::new("/bin/sh")
        .args(["-c", &format!("exec 2>&1\n{script}")])
        .env_clear()
        .env(
            "PATH",
            std::env::join_paths(folders).expect("no folder has a colon"),
        )
        .current_dir(home.path())
        .env("HOME", home.path())
        .envs(variables.iter().copied())
        .current_dir(home.path())
        .output()
        .expect("there is a shell");
    String::from_utf8(output.stdout).expect("the output is UTF-8")
}

fn shell_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The server of this run as the documents write it.
fn as_documented(text: &str, server: &Server) -> String {
    text.replace(&format!("127.0.0.1:{}", server.port()), "127.0.0.1:5432")
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

#[test]
fn console_blocks_show_what_happens() {
    let mut played = 0;
    for document in [
        "README.md",
        "docs/settings.md",
        "docs/migrations.md",
        "docs/airgap.md",
        "docs/rollback.md",
    ] {
        let database = Server::shared().database();
        for block in blocks(&read(document), "console") {
            let actual = play(&block, &database);
            assert!(
                matches(&normal(&block), &normal(&actual)),
                "{document} shows\n{block}\nbut this happens\n{actual}"
            );
            played += 1;
        }
    }
    assert_eq!(played, 6);
}

/// On a server of its own, since roles belong to a server. The blocks are one session.
#[test]
fn the_console_blocks_of_bootstrap_show_what_happens() {
    let server = Server::of_its_own();
    let blocks = blocks(&read("docs/bootstrap.md"), "console").concat();
    let here = format!("127.0.0.1:{}", server.port());
    let actual = play_in_a_shell(&blocks.replace("127.0.0.1:5432", &here), &[]);
    let actual = as_documented(&actual, &server);
    assert!(
        matches(&normal(&blocks), &normal(&actual)),
        "docs/bootstrap.md shows\n{blocks}\nbut this happens\n{actual}"
    );
}

#[test]
fn shell_blocks_name_scripts_that_ci_runs() {
    let ci = read(".ci/test");
    for block in blocks(&read("README.md"), "sh") {
        let script = block.trim();
        assert!(
            script == ".ci/test" || ci.contains(script),
            "nothing runs {script}"
        );
    }
    assert!(read(".ci/run").contains("/test\""));
}

/// The one block of a kind.
fn only(document: &str, kind: &str) -> String {
    let mut blocks = blocks(&read(document), kind);
    assert_eq!(blocks.len(), 1, "{kind} blocks of {document}");
    blocks.remove(0)
}

fn problems(text: &str) -> String {
    let outcome = check(&[Entry::file("2025_12_05_1_stripe.sql", text.as_bytes())]);
    let lines = outcome.problems.iter().flat_map(Problem::lines);
    let package = concat!(env!("CARGO_PKG_NAME"), "@", env!("CARGO_PKG_VERSION"));
    lines
        .map(|line| format!("error: {package}: {line}\n"))
        .collect()
}

#[test]
fn the_document_lists_the_rules_of_unsafe_ddl() {
    let rows = RULES.iter().filter_map(|rule| {
        let cell = |text: &str| text.replace('|', "\\|");
        let recipe = cell(rule.recipe?);
        Some(format!(
            "| `{}` | {} | {recipe} |\n",
            rule.name,
            cell(rule.refuses)
        ))
    });
    let table: String = rows.collect();
    let heading = "| rule | refuses | the safe way |\n| --- | --- | --- |\n";
    let document = read("docs/migrations.md");
    let (_, below) = document.split_once(heading).unwrap();
    let (shown, _) = below.split_once("\n\n").unwrap();
    assert_eq!(format!("{shown}\n"), table);
}

#[test]
fn the_example_of_a_migration_passes_and_its_mistakes_are_told() {
    let example = only("docs/migrations.md", "sql");
    assert_eq!(problems(&example), "");
    let broken = example
        .replace("CREATE TABLE", "CREATE TABEL")
        .replace("DROP TABLE", "DORP TABLE");
    assert_eq!(
        problems(broken.trim_end()),
        only("docs/migrations.md", "text")
    );
}
