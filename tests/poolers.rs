//! Runners behind a real `PgBouncer`, in each of its modes: nothing is applied twice, and nothing is left with a
//! server connection that serves others next.

mod support;

use std::process::Stdio;
use std::time::{Duration, Instant};

use dsentr_migrate::config::Format;
use dsentr_migrate::embedded::MIGRATIONS;
use support::executable::{Dsentr, dsentr};
use support::golden::golden;
use support::library::{Library, up};
use support::mask::mask;
use support::pooler::{PoolMode, Pooler};
use support::proxy::Proxy;
use support::runners::{
    A_LONG_TIME, Crowd, INDEX, INDEX_WAITS, LOCKS, TABLE, assert_at_target, hold_lock,
    release_lock, to,
};
use support::server::{Database, Server, Session};

/// What is said once by a runner behind a pooler that has something to do.
const POOLED: &str = "WARN a connection pooler is in between";

/// And by one that finds the pool used up.
const USED_UP: &str = "WARN the connection pooler gives no second connection";

/// The wait for a connection of a pool that is used up takes as long.
const SHORT: (&str, &str) = ("DSENTR_MIGRATE_DATABASE_CONNECT_TIMEOUT", "1s");

/// Runners behind a pooler whose pool may be too small for them.
fn crowded(count: usize, url: &str) -> Crowd {
    Crowd::of(count, |runner| {
        runner.env("DATABASE_URL", url).env(SHORT.0, SHORT.1)
    })
}

/// How many clients a pooler has for a database.
fn clients(pooler: &Pooler, database: &Database<'_>) -> usize {
    count(pooler, "SHOW CLIENTS", database)
}

fn count(pooler: &Pooler, command: &str, database: &Database<'_>) -> usize {
    let name = format!("|{}|", database.name());
    let rows = pooler.admin(command);
    rows.iter().filter(|row| row.contains(&name)).count()
}

fn until_clients(pooler: &Pooler, database: &Database<'_>, expected: usize) {
    let start = Instant::now();
    loop {
        let now = clients(pooler, database);
        if now == expected {
            return;
        }
        assert!(
            start.elapsed() < A_LONG_TIME,
            "{now} clients, not {expected}"
        );
    }
}

/// All settings of the server, as they are inside a transaction. Not the name of the client, which a pooler passes on,
/// and not what a language brings along that the session has used.
const SETTINGS: &str = "SELECT name, setting FROM pg_settings \
     WHERE name <> 'application_name' AND name NOT LIKE '%.%' ORDER BY name";

/// Each server connection of a pool is as a fresh one: no lock, and no setting of somebody else's.
async fn assert_nothing_is_left(pooler: &Pooler, database: &Database<'_>) {
    until_clients(pooler, database, 0);
    let fresh = database.session().await;
    assert_eq!(fresh.value(LOCKS).await, "0");
    fresh.batch("BEGIN").await;
    let expected = fresh.rows(SETTINGS).await;
    let mut sessions = Vec::new();
    let mut processes = Vec::new();
    let servers = count(pooler, "SHOW SERVERS", database);
    assert!(servers > 0, "the pool keeps its connections");
    for _ in 0..servers {
        // Each keeps its server connection to the end of its transaction.
        let session = Session::open(&pooler.url(database)).await;
        session.batch("BEGIN").await;
        let mut settings = session.rows(SETTINGS).await;
        settings.retain(|setting| !expected.contains(setting));
        assert_eq!(settings, [""; 0], "other than in a fresh session");
        processes.push(session.value("SELECT pg_backend_pid()").await);
        sessions.push(session);
    }
    processes.sort();
    processes.dedup();
    assert_eq!(processes.len(), servers);
    for session in sessions {
        session.batch("ROLLBACK").await;
        session.close().await;
    }
    fresh.close().await;
}

#[tokio::test]
async fn in_transaction_mode_the_lock_is_held_by_a_transaction() {
    let database = Server::shared().database();
    let pooler = Pooler::start(database.server(), PoolMode::Transaction, 20);
    // While somebody else holds the lock, each of them comes to wait for it with both of its connections.
    let holder = hold_lock(&database).await;
    let runners = Crowd::at(8, &pooler.url(&database));
    until_clients(&pooler, &database, 16);
    assert!(!runners.has_ended());
    release_lock(&holder).await;
    holder.close().await;
    for one in runners.join_having_applied(MIGRATIONS) {
        assert_eq!((one.told(POOLED), one.told(USED_UP)), (1, 0));
    }
    assert_at_target(&database).await;
    assert_nothing_is_left(&pooler, &database).await;
}

/// Without anybody who makes them start together.
#[tokio::test]
async fn in_transaction_mode_runners_race() {
    let database = Server::shared().database();
    let pooler = Pooler::start(database.server(), PoolMode::Transaction, 20);
    for one in Crowd::at(8, &pooler.url(&database)).join_having_applied(MIGRATIONS) {
        let has_done_something = !one.applied().is_empty();
        assert!(one.told(POOLED) <= 1 && one.told(POOLED) >= usize::from(has_done_something));
        assert_eq!(one.told(USED_UP), 0);
    }
    assert_at_target(&database).await;
    assert_nothing_is_left(&pooler, &database).await;
}

/// The same lock, whichever way leads to it.
#[tokio::test]
async fn with_and_without_a_pooler_it_is_one_lock() {
    let database = Server::shared().database();
    let pooler = Pooler::start(database.server(), PoolMode::Transaction, 20);
    let holder = hold_lock(&database).await;
    let late = dsentr(&["up", "--lock-timeout", "300ms"])
        .env("DATABASE_URL", &pooler.url(&database))
        .run();
    let pid = holder.value("SELECT pg_backend_pid()").await;
    let text = mask(&late.text(), &database)
        .replace(&pid, "<pid>")
        .replace(&format!(":{}", pooler.port()), ":<pooler>");
    golden("pooler_deadline.txt", &text);
    let runners = Crowd::at(4, &pooler.url(&database)).and(Crowd::at(4, &database.url()));
    until_clients(&pooler, &database, 8);
    release_lock(&holder).await;
    holder.close().await;
    for (runner, one) in runners
        .join_having_applied(MIGRATIONS)
        .into_iter()
        .enumerate()
    {
        assert_eq!(one.told(POOLED), usize::from(runner < 4));
    }
    assert_at_target(&database).await;
    assert_nothing_is_left(&pooler, &database).await;
}

/// A transaction that held the only connection would have the work wait for it for ever.
#[tokio::test]
async fn a_pool_of_one_connection_goes_on_without_the_lock() {
    let (alone, several) = (Server::shared().database(), Server::shared().database());
    let pooler = Pooler::start(Server::shared(), PoolMode::Transaction, 1);
    let run = dsentr(&["up"])
        .env("DATABASE_URL", &pooler.url(&alone))
        .env(SHORT.0, SHORT.1)
        .run();
    golden("pooler_of_one.txt", &mask(&run.stderr, &alone));
    assert_eq!(run.code, Some(0));
    assert_at_target(&alone).await;
    assert_nothing_is_left(&pooler, &alone).await;

    for one in crowded(4, &pooler.url(&several)).join_having_applied(MIGRATIONS) {
        assert!(one.told(USED_UP) == 1 || one.applied().is_empty());
    }
    assert_at_target(&several).await;
    assert_nothing_is_left(&pooler, &several).await;
}

/// That a pool is used up for a while is no reason to go on without the lock: what runs without a transaction needs it.
#[tokio::test]
async fn a_busy_pool_is_waited_for() {
    /// The third connection has answered a try, and nobody is at it now.
    const TRIED: &str = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
         AND state = 'idle' AND query = 'ROLLBACK' AND query_start > ";
    let database = Server::shared().database();
    let pooler = Pooler::start(database.server(), PoolMode::Transaction, 3);
    let library = Library::of(&[TABLE, INDEX]);
    assert!(
        library
            .run(&database.url(), to(TABLE.0))
            .await
            .result
            .is_ok()
    );
    let (writer, looker) = (database.session().await, database.session().await);
    writer.batch("BEGIN; INSERT INTO first VALUES (1)").await;
    let start = || {
        let url = pooler.url(&database);
        let variables = [("DATABASE_URL", url), (SHORT.0, "200ms".to_owned())];
        tokio::spawn(async move {
            let variables = variables
                .each_ref()
                .map(|(name, value)| (*name, value.as_str()));
            library
                .run_with(&variables, up(), Format::Text)
                .await
                .text()
        })
    };
    let first = start();
    looker.until(INDEX_WAITS, "1").await;
    let second = start();
    looker
        .until(&format!("{TRIED} now() - interval '1 hour'"), "1")
        .await;
    let other = Session::open(&pooler.url(&database)).await;
    other.batch("BEGIN").await;
    // Longer than a try may take.
    tokio::time::sleep(Duration::from_millis(600)).await;
    let now = looker.value("SELECT clock_timestamp()").await;
    other.batch("COMMIT").await;
    looker.until(&format!("{TRIED} '{now}'"), "1").await;
    writer.batch("COMMIT").await;
    let (first, second) = (
        first.await.expect("it ends"),
        second.await.expect("it ends"),
    );
    let text = mask(&format!("{first}{second}"), &database);
    golden(
        "pooler_busy.txt",
        &text.replace(&format!(":{}", pooler.port()), ":<pooler>"),
    );
    for session in [other, writer, looker] {
        session.close().await;
    }
}

#[tokio::test]
async fn in_session_mode_all_is_well_with_two_connections_a_runner() {
    let database = Server::shared().database();
    let pooler = Pooler::start(database.server(), PoolMode::Session, 20);
    let holder = hold_lock(&database).await;
    let runners = Crowd::at(8, &pooler.url(&database));
    until_clients(&pooler, &database, 16);
    release_lock(&holder).await;
    holder.close().await;
    for one in runners.join_having_applied(MIGRATIONS) {
        assert_eq!((one.told(POOLED), one.told(USED_UP)), (1, 0));
    }
    assert_at_target(&database).await;
    assert_nothing_is_left(&pooler, &database).await;
}

/// Where each has one connection and waits for its second, nobody would ever get on: after as long as it may take to
/// connect they go on without the lock, even while somebody else holds it, and whoever leaves makes room.
#[tokio::test]
async fn in_session_mode_a_small_pool_is_shared_without_the_lock() {
    let database = Server::shared().database();
    let pooler = Pooler::start(database.server(), PoolMode::Session, 3);
    let holder = hold_lock(&database).await;
    let runners = crowded(6, &pooler.url(&database));
    let start = Instant::now();
    while !runners.has_ended() {
        assert!(start.elapsed() < A_LONG_TIME, "nobody gets on");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    release_lock(&holder).await;
    holder.close().await;
    let ended = runners.join_having_applied(MIGRATIONS);
    assert!(ended.iter().any(|one| one.told(USED_UP) == 1));
    for one in &ended {
        assert!(
            one.told(POOLED) + one.told(USED_UP) <= 1,
            "{}",
            one.run.stderr
        );
        assert!(one.applied().is_empty() || one.told(USED_UP) == 1);
    }
    assert_at_target(&database).await;
    assert_nothing_is_left(&pooler, &database).await;
}

#[tokio::test]
async fn statement_mode_is_refused() {
    let database = Server::shared().database();
    let pooler = Pooler::start(database.server(), PoolMode::Statement, 4);
    let run = dsentr(&["up"])
        .env("DATABASE_URL", &pooler.url(&database))
        .run();
    let text = mask(&run.text(), &database).replace(&format!(":{}", pooler.port()), ":<pooler>");
    golden("pooler_statement_mode.txt", &text);
    let session = database.session().await;
    let objects = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace";
    assert_eq!(session.value(objects).await, "0");
    assert_eq!(session.value(LOCKS).await, "0");
    session.close().await;
}

/// Who only asks needs no more than one statement, and cannot tell a pooler from a server.
#[tokio::test]
async fn in_every_mode_to_ask_takes_one_question() {
    let database = Server::shared().database();
    Crowd::at(1, &database.url()).join_having_applied(MIGRATIONS);
    for mode in [
        PoolMode::Session,
        PoolMode::Transaction,
        PoolMode::Statement,
    ] {
        let pooler = Pooler::start(database.server(), mode, 1);
        let proxy = Proxy::start(pooler.port());
        let url = database.url_through(proxy.port());
        for (arguments, file) in [
            ("status", "status_applied.txt"),
            ("plan", "plan_nothing.txt"),
            ("up", "up_again.txt"),
        ] {
            proxy.reset();
            let run = dsentr(&[arguments]).env("DATABASE_URL", &url).run();
            let text = run.text().replace(
                &format!(":{}", proxy.port()),
                &format!(":{}", database.server().port()),
            );
            golden(file, &mask(&text, &database));
            assert_eq!(proxy.flights(), 1, "{mode:?}: {arguments}");
        }
    }
}

/// Its transaction waits for a table lock, and its lock is held by a second transaction: both end with it.
#[tokio::test]
async fn a_killed_runner_leaves_nothing_with_the_pool() {
    const BLOCKED: &str = "SELECT count(*) FROM pg_stat_activity \
         WHERE datname = current_database() AND query LIKE 'ALTER TABLE workflow_runs%' AND wait_event_type = 'Lock'";
    let database = Server::shared().database();
    let pooler = Pooler::start(database.server(), PoolMode::Transaction, 20);
    let (last, before) = MIGRATIONS.split_last().expect("there are migrations");
    let before = before.last().expect("there are more").version.to_string();
    let prepared = dsentr(&["up", "--to", &before])
        .env("DATABASE_URL", &database.url())
        .run();
    assert_eq!(prepared.code, Some(0), "{}", prepared.stderr);
    let (reader, looker) = (database.session().await, database.session().await);
    reader
        .batch("BEGIN; LOCK TABLE workflow_runs IN ACCESS SHARE MODE")
        .await;
    let patient = |runner: Dsentr| {
        let runner = runner.env("DATABASE_URL", &pooler.url(&database));
        runner.env("DSENTR_MIGRATE_TABLE_LOCK_TIMEOUT", "1h")
    };
    let mut victim = patient(dsentr(&["up"]));
    let mut child = victim
        .command()
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    looker.until(BLOCKED, "1").await;
    assert_eq!(looker.value(LOCKS).await, "1", "held by its transaction");
    child.kill().expect("SIGKILL");
    child.wait().expect("it ends");
    let killed = Instant::now();
    looker.until(LOCKS, "0").await;
    println!("the migration lock is free {:?} later", killed.elapsed());
    // Before PostgreSQL 14 a server does not look whether anybody waits for it.
    let looks = "SELECT current_setting('server_version_num')::int >= 140000";
    if looker.value(looks).await == "t" {
        looker.until(BLOCKED, "0").await;
        println!("the table lock is free {:?} later", killed.elapsed());
    }
    let next = Crowd::of(2, patient);
    looker.until(BLOCKED, "1").await;
    reader.batch("COMMIT").await;
    next.join_having_applied(std::slice::from_ref(last));
    reader.close().await;
    looker.close().await;
    assert_at_target(&database).await;
    assert_nothing_is_left(&pooler, &database).await;
}
