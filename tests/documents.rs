//! What the documents show is what happens: their console blocks are run, and their example passes the checks.

mod support;

use dsentr_migrate::check::{Entry, Problem, RULES, check};
use dsentr_migrate::embedded::MIGRATIONS;
use support::document::{as_documented, assert_shows, blocks, only, play, play_in_a_shell, read};
use support::schema::apply;
use support::server::{Database, Server};
use support::sqlx::{sqlx_row, sqlx_table};

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
    assert_shows("docs/adopt.md", &block, &actual);
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
        "docs/exit-codes.md",
    ] {
        let database = Server::shared().database();
        for block in blocks(&read(document), "console") {
            let actual = play(&block, &database);
            assert_shows(document, &block, &actual);
            played += 1;
        }
    }
    assert_eq!(played, 7);
}

/// On a server of its own, since roles belong to a server. The blocks are one session.
#[test]
fn the_console_blocks_of_bootstrap_show_what_happens() {
    let server = Server::of_its_own();
    let blocks = blocks(&read("docs/bootstrap.md"), "console").concat();
    let here = format!("127.0.0.1:{}", server.port());
    let actual = play_in_a_shell(&blocks.replace("127.0.0.1:5432", &here), &[]);
    let actual = as_documented(&actual, &server);
    assert_shows("docs/bootstrap.md", &blocks, &actual);
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
