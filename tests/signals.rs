//! SIGTERM and SIGINT, wherever a run may be waiting: it cancels, rolls back, unlocks, says where it stands, and exits 7.

mod support;

use std::net::{Ipv4Addr, TcpListener};
use std::time::{Duration, Instant};

use dsentr_migrate::embedded::MIGRATIONS;
use support::executable::{Dsentr, Run, dsentr};
use support::golden::golden;
use support::mask::told;
use support::proxy::{Proxy, Way};
use support::runners::assert_at_target;
use support::running::Running;
use support::scenes::{
    BEFORE_BUSY, assert_next_run_ends_at_target, busy, slow, until_alone, up_to, wake,
};
use support::server::{Database, Server};

/// What the issue promises, and container platforms allow three times of.
const LIMIT: Duration = Duration::from_secs(10);

fn run_at(arguments: &[&str], url: &str) -> Dsentr {
    dsentr(arguments).env("DATABASE_URL", url)
}

/// Sends a signal, and waits for the end, which must come soon.
fn stop(run: Running, signal: &str) -> Run {
    let sent = Instant::now();
    run.signal(signal);
    let run = run.end();
    assert!(sent.elapsed() < LIMIT, "{:?}", sent.elapsed());
    assert_eq!(run.code, Some(7), "{}", run.text());
    run
}

/// What a run told. The signal is named as if it had always been the same.
fn told_of(run: &Run, signal: &str, database: &Database<'_>) -> String {
    told(run, database, &[]).replace(&format!("SIG{signal}"), "<signal>")
}

/// No session of the runner is left, nor any of its locks, and its table lock is not waited for.
async fn assert_left_nothing(database: &Database<'_>) {
    let session = database.session().await;
    let start = Instant::now();
    let runners = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'dsentr-migrate'";
    while session.value(runners).await != "0" {
        assert!(start.elapsed() < LIMIT, "a session is left");
    }
    session.close().await;
}

async fn position(database: &Database<'_>) -> String {
    let session = database.session().await;
    let position = session
        .value("SELECT count(*) || ' to ' || max(version) FROM refinery_schema_history")
        .await;
    session.close().await;
    position
}

#[tokio::test]
async fn while_blocked_by_a_table_lock() {
    for signal in ["TERM", "INT"] {
        let (database, holder) = busy(Server::shared()).await;
        let mut run = Running::start(run_at(&["up"], &database.url()));
        run.until_blocked(&database).await;
        let run = stop(run, signal);
        golden("signal_blocked.txt", &told_of(&run, signal, &database));
        assert_left_nothing(&database).await;
        assert_eq!(position(&database).await, "9 to 2025052301");
        holder.close().await;
        assert_next_run_ends_at_target(&database).await;
    }
}

#[tokio::test]
async fn while_a_statement_takes_long() {
    for signal in ["TERM", "INT"] {
        let database = slow(Server::shared()).await;
        let mut run = Running::start(run_at(&["up", "--output", "json"], &database.url()));
        run.until_asleep(&database).await;
        let run = stop(run, signal);
        golden("signal_slow.json", &told_of(&run, signal, &database));
        assert_left_nothing(&database).await;
        assert_eq!(position(&database).await, "42 to 2025103101");
        wake(&database).await;
        assert_next_run_ends_at_target(&database).await;
    }
}

#[tokio::test]
async fn while_another_runner_has_the_lock() {
    for signal in ["TERM", "INT"] {
        let (database, holder) = busy(Server::shared()).await;
        let mut first = Running::start(run_at(&["up"], &database.url()));
        first.until_blocked(&database).await;
        let second = Running::start(run_at(&["up"], &database.url()));
        second.until_says("waiting for the migration lock", 1);
        let second = stop(second, signal);
        let text = told_of(&second, signal, &database);
        // What the holder is at, and its statements.
        let lines = text.split_inclusive('\n');
        let lines = lines.filter(|line| !line.contains("WARN waiting for the migration lock"));
        golden("signal_lock.txt", &lines.collect::<String>());
        holder.close().await;
        assert_eq!(first.end().code, Some(0));
        assert_at_target(&database).await;
    }
}

#[tokio::test]
async fn while_no_server_answers() {
    let database = Server::shared().database();
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let port = free.local_addr().expect("it has an address").port();
    drop(free);
    let url = database.url_through(port);
    let mut text = String::new();
    for (arguments, signal) in [
        (&["up"][..], "TERM"),
        (&["status"], "INT"),
        (&["plan"], "TERM"),
        (&["wait", "--for", "server"], "INT"),
        (&["wait", "--for", "schema"], "TERM"),
    ] {
        let run = Running::start(run_at(arguments, &url));
        run.until_says("waiting for the server", 1);
        let run = stop(run, signal);
        text.push_str(&told(&run, &database, &[port]));
    }
    golden("signal_no_server.txt", &text);
}

#[tokio::test]
async fn while_the_schema_is_not_there() {
    let database = Server::shared().database();
    let run = Running::start(run_at(&["wait", "--for", "schema"], &database.url()));
    run.until_says("waiting for the schema", 1);
    let run = stop(run, "TERM");
    golden("signal_wait.txt", &told(&run, &database, &[]));
    assert_left_nothing(&database).await;
}

#[tokio::test]
async fn in_the_pause_before_a_busy_table_is_tried_again() {
    for signal in ["TERM", "INT"] {
        let (database, holder) = busy(Server::shared()).await;
        let run = run_at(&["up"], &database.url());
        let run = Running::start(run.env("DSENTR_MIGRATE_TABLE_LOCK_TIMEOUT", "10ms"));
        // By then the pause is a second long at least.
        run.until_says("will be tried again", 3);
        let run = stop(run, signal);
        let text = told_of(&run, signal, &database);
        let text: String = text
            .split_inclusive('\n')
            .filter(|line| !line.contains("WARN"))
            .collect();
        golden("signal_pause.txt", &text);
        assert_left_nothing(&database).await;
        assert_eq!(position(&database).await, "9 to 2025052301");
        holder.close().await;
        assert_next_run_ends_at_target(&database).await;
    }
}

/// The question is cancelled at the server too, where it would wait for as long as the table is locked.
#[tokio::test]
async fn while_the_history_is_locked() {
    let database = Server::shared().database();
    up_to(&database, BEFORE_BUSY);
    let holder = database.session().await;
    holder
        .batch("BEGIN; LOCK TABLE refinery_schema_history IN ACCESS EXCLUSIVE MODE")
        .await;
    let mut text = String::new();
    for (arguments, signal) in [
        (&["status"][..], "TERM"),
        (&["plan"], "INT"),
        (&["wait", "--for", "schema"], "TERM"),
        (&["up"], "INT"),
    ] {
        let mut run = Running::start(run_at(arguments, &database.url()));
        run.until_blocked(&database).await;
        let run = stop(run, signal);
        text.push_str(&told(&run, &database, &[]));
        assert_left_nothing(&database).await;
    }
    golden("signal_history.txt", &text);
    holder.close().await;
    assert_next_run_ends_at_target(&database).await;
}

/// Somebody else makes the history table, and takes his time.
#[tokio::test]
async fn while_the_history_is_made() {
    let database = Server::shared().database();
    let other = database.session().await;
    other
        .batch("BEGIN; CREATE TABLE refinery_schema_history (version bigint)")
        .await;
    let mut run = Running::start(run_at(&["up"], &database.url()));
    run.until_blocked(&database).await;
    let run = stop(run, "TERM");
    golden("signal_history_made.txt", &told(&run, &database, &[]));
    assert_left_nothing(&database).await;
    other.batch("ROLLBACK").await;
    other.close().await;
    assert_next_run_ends_at_target(&database).await;
}

/// The server hears of nothing, and works on until the signal's requests arrive.
#[tokio::test]
async fn while_nothing_gets_through() {
    while_frozen(Way::Both).await;
}

/// The server obeys, and cannot say so.
#[tokio::test]
async fn while_no_answer_gets_through() {
    while_frozen(Way::ToClient).await;
}

/// A server that is out of reach confirms nothing, whether or not it hears of the signal.
async fn while_frozen(way: Way) {
    let server = Server::shared();
    let (database, holder) = busy(server).await;
    let proxy = Proxy::start(server.port());
    let url = database.url_through(proxy.port());
    let mut run = Running::start(run_at(&["up"], &url));
    run.until_busy(&database).await;
    proxy.freeze(way);
    let run = stop(run, "TERM");
    golden("signal_frozen.txt", &told(&run, &database, &[proxy.port()]));
    // What was held back arrives; by then nobody waits for it any more.
    proxy.thaw();
    holder.close().await;
    let session = database.session().await;
    until_alone(&session).await;
    session.close().await;
    assert_next_run_ends_at_target(&database).await;
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let server = Server::shared();
    let (database, holder) = busy(server).await;
    let proxy = Proxy::start(server.port());
    let mut run = Running::start(run_at(&["up"], &database.url_through(proxy.port())));
    run.until_busy(&database).await;
    proxy.freeze(Way::Both);
    run.signal("INT");
    run.signal("TERM");
    let run = run.end();
    // It does not wait for the server, and so has nothing to say of the database.
    golden("signal_twice.txt", &told(&run, &database, &[proxy.port()]));
    proxy.thaw();
    holder.close().await;
    let session = database.session().await;
    until_alone(&session).await;
    session.close().await;
    assert_next_run_ends_at_target(&database).await;
}

/// The server has committed the last migration, and its answer is still on the way.
#[tokio::test]
async fn after_the_last_commit_it_is_a_success() {
    let server = Server::shared();
    let database = server.database();
    let [.., before, last] = MIGRATIONS else {
        panic!("there are more");
    };
    up_to(&database, &before.version.to_string());
    let proxy = Proxy::with_delay(server.port(), Duration::from_millis(150));
    let mut run = Running::start(run_at(&["up"], &database.url_through(proxy.port())));
    let session = database.session().await;
    let is_there = format!(
        "SELECT count(*) > 0 FROM refinery_schema_history WHERE version = {}",
        last.version.as_i64()
    );
    run.until(&session, &is_there).await;
    run.signal("TERM");
    let run = run.end();
    golden(
        "signal_too_late.txt",
        &told(&run, &database, &[proxy.port()]),
    );
    session.close().await;
    assert_at_target(&database).await;
}

/// What the run had sent may have been committed before it lost the server.
#[tokio::test]
async fn while_a_lost_server_is_waited_for() {
    let server = Server::shared();
    let (database, holder) = busy(server).await;
    let proxy = Proxy::start(server.port());
    let mut run = Running::start(run_at(&["up"], &database.url_through(proxy.port())));
    run.until_busy(&database).await;
    proxy.refuse();
    proxy.cut();
    run.until_says("waiting for the server", 1);
    let run = stop(run, "TERM");
    let text = told(&run, &database, &[proxy.port()]);
    let lines = text.split_inclusive('\n');
    let lines = lines.filter(|line| !line.contains("WARN"));
    golden("signal_lost.txt", &lines.collect::<String>());
    holder.close().await;
    assert_left_nothing(&database).await;
    assert_next_run_ends_at_target(&database).await;
}

#[tokio::test]
async fn while_a_server_that_listens_says_nothing() {
    let database = Server::shared().database();
    let proxy = Proxy::start(database.server().port());
    proxy.freeze(Way::ToClient);
    let run = Running::start(run_at(&["up"], &database.url_through(proxy.port())));
    let begun = Instant::now();
    while proxy.bytes() == 0 {
        assert!(begun.elapsed() < LIMIT, "it does not connect");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let run = stop(run, "TERM");
    golden("signal_silent.txt", &told(&run, &database, &[]));
}

/// Wherever among many quick migrations it comes: what the run says is what the history has.
#[test]
fn between_migrations_the_position_that_is_told_is_the_historys() {
    let half = |first: usize| -> usize {
        let rounds = (0..10).map(|round| stopped_after(4 * round + first));
        rounds.filter(|is_stopped| *is_stopped).count()
    };
    let stopped = std::thread::scope(|scope| {
        let other = scope.spawn(|| half(1));
        half(3) + other.join().expect("the other half passes too")
    });
    // On a slow day a signal may find nothing left to stop, though not twenty times.
    assert!(stopped > 0, "no run was stopped");
}

/// The signal comes as soon as so many migrations are reported. Whether it stopped the run.
fn stopped_after(count: usize) -> bool {
    let database = Server::shared().database();
    let run = Running::start(run_at(&["up"], &database.url()));
    run.until_says("  applied  ", count);
    run.signal("TERM");
    let run = run.end();
    let applied = run.stdout.matches("  applied  ").count();
    let position = MIGRATIONS[applied - 1].version;
    let expected = format!("; the database is at {position}");
    assert!(run.text().contains(&expected), "{}", run.text());
    match run.code {
        Some(0) => assert_eq!(applied, MIGRATIONS.len()),
        code => assert_eq!(code, Some(7), "{}", run.text()),
    }
    support::server::aside(async {
        let session = database.session().await;
        let versions = session
            .rows("SELECT version FROM refinery_schema_history ORDER BY version")
            .await;
        let expected: Vec<String> = MIGRATIONS[..applied]
            .iter()
            .map(|migration| migration.version.as_i64().to_string())
            .collect();
        assert_eq!(versions, expected, "{}", run.text());
        until_alone(&session).await;
        session.close().await;
        assert_next_run_ends_at_target(&database).await;
    });
    applied < MIGRATIONS.len()
}
