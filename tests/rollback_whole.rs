//! The way back of the 55, through the executable: each step and all of them, signals, two runners, the termination log.

mod support;

use dsentr_migrate::embedded::MIGRATIONS;
use support::catalogue::{self, assert_same};
use support::executable::{Dsentr, Run, dsentr};
use support::golden::golden;
use support::mask::{mask, told};
use support::runners::assert_at_target;
use support::running::Running;
use support::scenes::{until_alone, up_to};
use support::schema::{apply, fill};
use support::server::{Database, Server, Session};

const NEWEST: &str = "2025_12_03_1";

/// What the scenes hold: the first two steps back do not need it, the third one does.
const TABLE: &str = "issue_reports";

fn rollback(database: &Database<'_>, arguments: &[&str]) -> Dsentr {
    let arguments = [&["rollback", "--accept-data-loss"], arguments].concat();
    dsentr(&arguments).env("DATABASE_URL", &database.url())
}

fn assert_done(run: &Run) {
    assert_eq!(
        (run.code, run.stderr.as_str()),
        (Some(0), ""),
        "{}",
        run.stdout
    );
}

/// With the rows that an application has by then, and held against what the way forward led through.
#[tokio::test]
async fn each_step_leads_back_to_the_version_before() {
    let server = Server::of_its_own();
    let forward = server.database();
    let session = forward.session().await;
    let mut states = vec![catalogue::read_exactly(&session).await];
    for migration in MIGRATIONS {
        apply(&session, migration).await;
        fill(&session, migration).await;
        states.push(catalogue::read_exactly(&session).await);
    }
    session.close().await;
    // Roles belong to the server, so the same database goes back.
    let database = forward;
    let session = database.session().await;
    let history = record(&database, &session).await;
    assert_eq!(history, MIGRATIONS.len().to_string());
    for (before, migration) in states.iter().zip(MIGRATIONS).rev() {
        assert_done(&rollback(&database, &["--steps", "1"]).run());
        let now = catalogue::read_exactly(&session).await;
        assert_same(&format!("before {}", migration.stem), before, &now);
    }
    assert_eq!(
        session
            .value("SELECT count(*) FROM refinery_schema_history")
            .await,
        "0"
    );
    // And forward again, all the way, and back in one go.
    let up = dsentr(&["up"]).env("DATABASE_URL", &database.url()).run();
    assert_done(&up);
    assert_at_target(&database).await;
    let all = rollback(&database, &["--to", "0"]).run();
    golden("rollback_whole.txt", &mask(&all.text(), &database));
    let now = catalogue::read_exactly(&session).await;
    assert_same("after all rollbacks", &states[0], &now);
    session.close().await;
}

/// Puts the rows into the history that a run would have written. How many there are.
async fn record(database: &Database<'_>, session: &Session) -> String {
    let other = database.server().database();
    up_to_newest(&other);
    let elsewhere = other.session().await;
    let rows = elsewhere
        .rows("SELECT format('(%s, %L, %L, %L)', version, name, applied_on, checksum) FROM refinery_schema_history")
        .await;
    elsewhere.close().await;
    session
        .batch(&format!(
            "CREATE TABLE refinery_schema_history (version int8 PRIMARY KEY, name varchar(255), applied_on varchar(255), checksum varchar(255)); \
             INSERT INTO refinery_schema_history VALUES {}",
            rows.join(", ")
        ))
        .await;
    session
        .value("SELECT count(*) FROM refinery_schema_history")
        .await
}

fn up_to_newest(database: &Database<'_>) {
    up_to(database, NEWEST);
}

async fn position(database: &Database<'_>) -> String {
    let session = database.session().await;
    let position = session
        .value("SELECT max(version) FROM refinery_schema_history")
        .await;
    session.close().await;
    position
}

/// A database at the newest version, in which somebody holds a table until his session ends.
async fn busy(server: &Server) -> (Database<'_>, Session) {
    let database = server.database();
    up_to_newest(&database);
    let holder = database.session().await;
    holder
        .batch(&format!("BEGIN; LOCK TABLE {TABLE} IN ROW EXCLUSIVE MODE"))
        .await;
    (database, holder)
}

/// Signals in the middle of a step: it is undone, those before it stay, and the next run goes on.
#[tokio::test]
async fn a_signal_ends_it_at_a_version() {
    for signal in ["TERM", "INT"] {
        let (database, holder) = busy(Server::shared()).await;
        let mut run = Running::start(rollback(&database, &["--steps", "3"]));
        run.until_blocked(&database).await;
        run.signal(signal);
        let run = run.end();
        assert_eq!(run.code, Some(7), "{}", run.text());
        let text = told(&run, &database, &[]).replace(&format!("SIG{signal}"), "<signal>");
        golden("rollback_signal.txt", &text);
        assert_eq!(position(&database).await, "2025120101");
        holder.close().await;
        let session = database.session().await;
        until_alone(&session).await;
        session.close().await;
        assert_done(&rollback(&database, &["--to", "2025_11_26_2"]).run());
        assert_eq!(position(&database).await, "2025112602");
        assert_done(&dsentr(&["up"]).env("DATABASE_URL", &database.url()).run());
        assert_at_target(&database).await;
    }
}

/// A container platform gets the end of it in a file.
#[tokio::test]
async fn the_summary_is_written_for_a_platform() {
    let database = Server::shared().database();
    up_to_newest(&database);
    let run = |arguments: &[&str]| {
        let runner = rollback(&database, arguments);
        let path = runner.home().join("summary");
        std::fs::write(&path, "").expect("the home folder takes files");
        let name = path.to_str().expect("a plain path").to_owned();
        let runner = runner.env("DSENTR_MIGRATE_REPORT_TERMINATION_LOG", &name);
        let mut runner = runner;
        let output = runner.command().output().expect("the executable starts");
        let summary = std::fs::read_to_string(&path).expect("it is there");
        format!("{summary}[exit {}]\n", output.status.code().unwrap_or(-1))
    };
    let mut text = run(&["--steps", "1"]);
    let session = database.session().await;
    session.batch("CREATE INDEX by_hand ON users (email)").await;
    session.close().await;
    text.push_str(&run(&["--steps", "1"]));
    golden("rollback_termination_log.txt", &mask(&text, &database));
}

/// A server that goes away in the middle of a step and comes back.
#[tokio::test]
async fn a_server_that_crashes_and_comes_back_is_gone_on_with() {
    let server = Server::of_its_own();
    stays_away(&server).await;
    let (database, _holder) = busy(&server).await;
    let mut run = Running::start(rollback(&database, &["--to", "2025_11_26_2"]));
    run.until_blocked(&database).await;
    server.crash();
    run.until_says("waiting for the server", 1);
    server.start_again();
    let run = run.end();
    assert_eq!(run.code, Some(0), "{}", run.text());
    assert_eq!(position(&database).await, "2025112602");
    assert_done(&dsentr(&["up"]).env("DATABASE_URL", &database.url()).run());
    assert_at_target(&database).await;
}

/// For longer than the run waits. What it advises does not count steps anew.
async fn stays_away(server: &Server) {
    let (database, holder) = busy(server).await;
    let arguments = ["--steps", "3", "--wait-timeout", "500ms"];
    let mut run = Running::start(rollback(&database, &arguments));
    run.until_blocked(&database).await;
    drop(holder);
    server.crash();
    let run = run.end();
    server.start_again();
    let text = told(&run, &database, &[]);
    let lines = text.split_inclusive('\n');
    let lines = lines.filter(|line| !line.contains("WARN "));
    golden("rollback_away.txt", &lines.collect::<String>());
    assert_eq!(position(&database).await, "2025120101");
}

/// What clap refuses: no extent, or two.
#[test]
fn how_far_has_to_be_said_once() {
    let mut text = String::new();
    for arguments in [
        &["rollback"][..],
        &["rollback", "--to", "2025_10_11_1", "--steps", "1"],
        &["rollback", "--steps", "0"],
        &["rollback", "--to", "yesterday"],
    ] {
        text.push_str(&dsentr(arguments).run().text());
    }
    golden("rollback_command_line.txt", &text);
}
