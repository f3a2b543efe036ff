//! What the documents show is what happens: their console blocks are run, and their example passes the checks.

mod support;

use std::path::Path;

use dsentr_migrate::check::{Entry, Problem, check};
use support::document::{
    as_documented, assert_shows, blocks, only, play, play_after, play_in_a_shell, read,
};
use support::server::Server;
use support::sqlx::made_by_sqlx;

#[tokio::test]
async fn the_example_of_adopting_is_what_happens() {
    let server = Server::of_its_own();
    let database = server.database();
    let session = database.session().await;
    made_by_sqlx(&session).await;
    session.close().await;
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

/// What the migration of the guide is called there: the day is another one here.
const STEM: &str = "2025_12_05_1_create_webhook_deliveries";

fn problems(text: &str) -> String {
    let name = format!("{STEM}.sql");
    let outcome = check(&[Entry::file(name, text.as_bytes())]);
    let lines = outcome.problems.iter().flat_map(Problem::lines);
    let package = concat!(env!("CARGO_PKG_NAME"), "@", env!("CARGO_PKG_VERSION"));
    lines
        .map(|line| format!("error: {package}: {line}\n"))
        .collect()
}

#[test]
fn the_example_of_a_migration_passes_and_its_mistakes_are_told() {
    let [example, _] = &blocks(&read("docs/migrations.md"), "sql")[..] else {
        panic!("the migration and its rows");
    };
    assert_eq!(problems(example), "");
    let broken = example
        .replace("CREATE TABLE", "CREATE TABEL")
        .replace("DROP TABLE", "DORP TABLE");
    assert_eq!(
        problems(broken.trim_end()),
        only("docs/migrations.md", "text")
    );
}

/// The guide is followed in a copy of the project's files: its commands by the tool itself, its files as they are shown.
#[test]
fn the_guide_to_the_first_migration_leads_to_a_seal() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    copy("migrations", &folder.path().join("migrations"));
    copy(
        "tests/fixtures/rows",
        &folder.path().join("tests/fixtures/rows"),
    );
    let guide = read("docs/migrations.md");
    let [new, seal] = &blocks(&guide, "console")[..] else {
        panic!("one block makes the file, another seals it");
    };
    let [migration, rows] = &blocks(&guide, "sql")[..] else {
        panic!("the migration and its rows");
    };
    let actual = in_the_project(new, folder.path());
    let made = actual
        .lines()
        .find_map(|line| line.strip_prefix("migrations/")?.strip_suffix(".sql"))
        .expect("its path is told")
        .to_owned();
    assert_shows("docs/migrations.md", new, &actual.replace(&made, STEM));

    for (place, text) in [("migrations", migration), ("tests/fixtures/rows", rows)] {
        let path = folder.path().join(place).join(format!("{made}.sql"));
        std::fs::write(path, text).expect("the folder takes files");
    }
    let actual = in_the_project(seal, folder.path());
    assert_shows("docs/migrations.md", seal, &actual.replace(&made, STEM));
}

fn copy(from: &str, to: &Path) {
    std::fs::create_dir_all(to).expect("the folder takes folders");
    for entry in std::fs::read_dir(from).expect("a folder of the project") {
        let entry = entry.expect("a file");
        std::fs::copy(entry.path(), to.join(entry.file_name())).expect("the folder takes files");
    }
}

/// Plays a block in a folder. `cargo migration` is the tool that cargo has built already, about this folder, and proves on
/// the server of the tests.
fn in_the_project(block: &str, folder: &Path) -> String {
    let server = Server::shared();
    let url = format!("postgres://postgres@127.0.0.1:{}/postgres", server.port());
    let tool = env!("CARGO_BIN_EXE_migration");
    let cargo = format!(
        "cargo() {{ shift; case $1 in seal) set -- \"$@\" --database-url {url} ;; esac; {tool} --folder . \"$@\"; }}"
    );
    let prelude = format!("{cargo}\ncd '{}'", folder.display());
    play_after(&prelude, block, &[])
}
