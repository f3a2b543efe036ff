//! Servers that crash right after a migration was committed: what was told as applied and is gone is applied again, and
//! what a run has left behind when it ended is never gone.
//!
//! The process that writes the log to the disk in the background is held, so that all that no commit has waited for is lost.

mod support;

use std::process::Command;

use dsentr_migrate::config::Format;
use support::executable::{Dsentr, Run, dsentr};
use support::golden::golden;
use support::library::{Library, step, up};
use support::mask;
use support::runners::assert_at_target;
use support::running::Running;
use support::scenes::{assert_next_run_ends_at_target, busy};
use support::server::{Database, Role, Server, Session};

/// The process that writes the log to the disk in the background, held until this value goes: before its database does,
/// since that needs every process of the server.
struct Writer {
    pid: String,
}

impl Writer {
    async fn hold(database: &Database<'_>) -> Self {
        let session = Session::open(&database.url_as("postgres")).await;
        let writer = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'walwriter'";
        let question = format!("SELECT count(*) FROM ({writer}) AS writer");
        session.until(&question, "1").await;
        let pid = session.value(writer).await;
        session.close().await;
        signal(&pid, "STOP");
        Self { pid }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        signal(&self.pid, "CONT");
    }
}

/// To a process that may be gone with its server.
fn signal(pid: &str, name: &str) {
    let sent = Command::new("kill")
        .args(["-s", name, pid])
        .stderr(std::process::Stdio::null())
        .status();
    sent.expect("kill(1) is there");
}

fn run_at(database: &Database<'_>, arguments: &[&str]) -> Dsentr {
    dsentr(arguments).env("DATABASE_URL", &database.url())
}

/// What a run told. Whether the server's last words arrive, is a race.
fn told(run: &Run, database: &Database<'_>) -> String {
    let text = mask::told(run, database, &[]);
    let is_racing = |line: &&str| {
        [
            "terminating connection",
            "tried <number> times",
            "waiting for the server",
            "waiting for the migration lock",
        ]
        .iter()
        .any(|words| line.contains(words))
    };
    let lines = text.split_inclusive('\n');
    lines.filter(|line| !is_racing(line)).collect()
}

/// The versions in the history.
async fn history(database: &Database<'_>) -> Vec<String> {
    let session = database.session().await;
    let versions = session
        .rows("SELECT version FROM refinery_schema_history ORDER BY 1")
        .await;
    session.close().await;
    versions
}

#[tokio::test]
async fn what_was_told_and_is_gone_is_applied_again() {
    let server = Server::of_its_own();
    let (database, _holder) = busy(&server).await;
    let _writer = Writer::hold(&database).await;
    let mut run = Running::start(run_at(&database, &["up"]));
    run.until_busy(&database).await;
    server.crash_and_restart();
    let run = run.end();
    golden("crash_gone.txt", &told(&run, &database));
    assert_at_target(&database).await;
}

/// Machines are told of each migration once.
#[tokio::test]
async fn what_is_applied_again_is_reported_once() {
    let server = Server::of_its_own();
    let (database, _holder) = busy(&server).await;
    let _writer = Writer::hold(&database).await;
    let run = run_at(
        &database,
        &["up", "--output", "json", "--log-level", "info"],
    );
    let mut run = Running::start(run);
    run.until_busy(&database).await;
    server.crash_and_restart();
    let run = run.end();
    assert!(run.stderr.contains("it is applied again"), "{}", run.text());
    let report: serde_json::Value = serde_json::from_str(&run.stdout).expect("one document");
    let applied = report["applied"].as_array().expect("a list");
    assert_eq!(applied.len(), history(&database).await.len() - 8);
    assert_eq!(applied[0]["name"], "2025_05_23_1_add_oauth_type_to_users");
    assert_at_target(&database).await;
}

/// A run that does not see the server again cannot say what it has kept.
#[tokio::test]
async fn what_may_be_gone_is_not_reported_as_applied() {
    let server = Server::of_its_own();
    let (database, _holder) = busy(&server).await;
    let writer = Writer::hold(&database).await;
    let arguments = "up --wait-timeout 500ms --output json --log-level info";
    let arguments: Vec<&str> = arguments.split(' ').collect();
    let mut run = Running::start(run_at(&database, &arguments));
    run.until_busy(&database).await;
    server.crash();
    let run = run.end();
    assert_eq!(run.code, Some(6), "{}", run.text());
    let report: serde_json::Value = serde_json::from_str(&run.stdout).expect("one document");
    assert_eq!(report["applied"].as_array().expect("a list").len(), 0);
    assert_eq!(
        report["error"]["state"],
        "this run applied nothing; the database is at 2025_05_16_1, or further on, up to 2025_12_03_1, \
         as far as COMMITs got through and are on the server's disk: of 1 migration above that is not known"
    );
    server.start_again();
    assert_eq!(history(&database).await.len(), 8);
    drop(writer);
    assert_next_run_ends_at_target(&database).await;
}

/// Tables of their own, and at the end what is said.
fn ending_with(last: &str) -> Library {
    let files: Vec<(String, String)> = (1..=6)
        .map(|number| {
            let forward = format!("CREATE TABLE table_{number} (id int);");
            (format!("2025_01_01_{number}_table.sql"), step(&forward))
        })
        .chain([("2025_01_02_1_last.sql".to_owned(), step(last))])
        .collect();
    Library::of_made(&files)
}

/// Runs to an end, and then the server crashes: how many migrations are in the history, and the exit code.
async fn kept(last: &str, variables: &[(&str, &str)]) -> (usize, u8) {
    let server = Server::of_its_own();
    let owner = server.owned_database(Role::Owner);
    let as_postgres = owner.url_as("postgres");
    let _writer = Writer::hold(&owner).await;
    let url = owner.url();
    let mut all = vec![("DATABASE_URL", url.as_str())];
    all.extend(variables);
    let ended = ending_with(last).run_with(&all, up(), Format::Text).await;
    server.crash_and_restart();
    let session = Session::open(&as_postgres).await;
    let tables = session
        .value("SELECT count(*) FROM pg_tables WHERE tablename LIKE 'table\\_%'")
        .await;
    let rows = session
        .value("SELECT count(*) FROM refinery_schema_history")
        .await;
    session.close().await;
    let code = ended.result.map_or_else(|error| error.exit_code(), |()| 0);
    assert_eq!(
        tables.parse::<usize>().expect("a number") + usize::from(code == 0),
        rows.parse::<usize>().expect("a number"),
        "table and row are one"
    );
    (rows.parse().expect("a number"), code)
}

#[tokio::test]
async fn what_a_run_has_left_behind_stays() {
    let none: &[(&str, &str)] = &[];
    let (done, failed, alone, blocked) = tokio::join!(
        kept("SELECT 1;", none),
        kept("SELECT nope;", none),
        // The one before waits for the disk.
        kept(
            "-- migrate: no-transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS nope ON public.nope (id);",
            none
        ),
        kept(
            "DO $$ BEGIN RAISE SQLSTATE '55P03'; END $$;",
            &[("DSENTR_MIGRATE_TABLE_LOCK_BUDGET", "1ms")]
        ),
    );
    assert_eq!(done, (7, 0));
    assert_eq!(failed, (6, 1));
    assert_eq!(alone, (6, 1));
    assert_eq!(blocked, (6, 5));
}

/// Also where the role or the database says that no commit waits.
#[tokio::test]
async fn the_last_commit_waits_whatever_the_database_says() {
    let server = Server::of_its_own();
    let database = server.database();
    server.administer(&[&format!(
        "ALTER DATABASE {} SET synchronous_commit TO off",
        database.name()
    )]);
    let _writer = Writer::hold(&database).await;
    let ended = ending_with("SELECT 1;").run(&database.url(), up()).await;
    assert!(ended.result.is_ok(), "{}", ended.text());
    server.crash_and_restart();
    assert_eq!(history(&database).await.len(), 7);
}

#[tokio::test]
async fn a_signal_leaves_what_was_applied() {
    let server = Server::of_its_own();
    let (database, _holder) = busy(&server).await;
    let _writer = Writer::hold(&database).await;
    let mut run = Running::start(run_at(&database, &["up"]));
    run.until_blocked(&database).await;
    run.signal("TERM");
    let run = run.end();
    assert_eq!(run.code, Some(7), "{}", run.text());
    server.crash_and_restart();
    assert_eq!(history(&database).await.len(), 9);
}

/// Which of them wait is seen by the migrations themselves.
#[tokio::test]
async fn the_operator_can_have_each_commit_wait() {
    let seen = "INSERT INTO seen VALUES (current_setting('synchronous_commit'));";
    let table = format!("CREATE TABLE seen (setting text);\n{seen}");
    let index = "-- migrate: no-transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS seen_setting ON public.seen (setting);";
    let files = [
        step(&table),
        step(seen),
        step(index),
        step(seen),
        step(seen),
    ];
    let numbered = (1..).zip(files);
    let files: Vec<(String, String)> = numbered
        .map(|(number, text)| (format!("2025_01_01_{number}_seen.sql"), text))
        .collect();
    let library = Library::of_made(&files);
    for (setting, expected) in [("last", ["off", "on", "off", "on"]), ("each", ["on"; 4])] {
        let database = Server::shared().database();
        let url = database.url();
        let variables = [
            ("DATABASE_URL", url.as_str()),
            ("DSENTR_MIGRATE_UP_SYNCHRONOUS_COMMIT", setting),
        ];
        let ended = library.run_with(&variables, up(), Format::Text).await;
        assert!(ended.result.is_ok(), "{}", ended.text());
        let session = database.session().await;
        let found = session.rows("SELECT setting FROM seen ORDER BY ctid").await;
        assert_eq!(found, expected, "{setting}");
        session.close().await;
    }
}
