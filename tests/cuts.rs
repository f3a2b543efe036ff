//! Connections, servers and runners that end in the middle of `up`, at moments that are known: what the run makes of it,
//! what it says, and that the next one carries on.

mod support;

use std::time::{Duration, Instant};

use dsentr_migrate::embedded::MIGRATIONS;
use support::executable::{Dsentr, Run, dsentr};
use support::golden::golden;
use support::library::{Library, up};
use support::mask;
use support::proxy::{Fault, Proxy};
use support::runners::assert_at_target;
use support::running::Running;
use support::scenes::{
    BUSY, assert_next_run_ends_at_target, busy, hold, slow, until_alone, up_to, wake,
};
use support::server::{Database, Server, Session};

/// Lines that come or not.
const RACING: [&str; 3] = [
    "WARN waiting for the migration lock",
    // A server that goes down at once may get to say so, each major in its own words.
    "WARN terminating connection ",
    // Where the request is lost, the cut may overtake the answers to what was sent before it.
    "= note: statement ",
];

/// Lines that end in this way or that.
const VARYING: [&str; 2] = [
    "WARN waiting for the server, up to 10s: ",
    "WARN waiting for the server, up to 500ms: ",
];

/// What is told as applied survives a crash that comes at once; tests/crashes.rs has the others.
const EACH: (&str, &str) = ("DSENTR_MIGRATE_UP_SYNCHRONOUS_COMMIT", "each");

/// What a run told, as [`mask::told`], and without what races with the server: that the lock is still with our
/// own lost session for a moment, and with what words a server goes down.
fn told(run: &Run, database: &Database<'_>, proxies: &[u16]) -> String {
    let text = mask::told(run, database, proxies);
    let lines = text.split_inclusive('\n');
    let mut told = String::new();
    for line in lines {
        let has = |text: &str| line.contains(text);
        if RACING.iter().any(|text| has(text)) {
            continue;
        }
        match VARYING.iter().find(|text| has(text)) {
            Some(text) => told.push_str(&format!("<when>  {text}<reason>\n")),
            None => told.push_str(line),
        }
    }
    told
}

/// `up` against a database, reached by a URL.
fn run_at(url: &str) -> Dsentr {
    dsentr(&["up"]).env("DATABASE_URL", url)
}

/// The names that the report of a run lists as applied.
fn applied(run: &Run) -> Vec<String> {
    let report: serde_json::Value =
        serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("no report: {}", run.text()));
    let applied = report["applied"].as_array().expect("a list");
    let name = |one: &serde_json::Value| one["name"].as_str().map(str::to_owned);
    applied
        .iter()
        .map(|one| name(one).expect("a name"))
        .collect()
}

/// All migrations from the one with this name on.
fn from(name: &str) -> Vec<&'static str> {
    let names = MIGRATIONS.iter().map(|migration| migration.stem);
    names.skip_while(|stem| *stem != name).collect()
}

/// Whatever is lost of whichever COMMIT, this run has applied each migration, once, and says so.
#[tokio::test]
async fn a_lost_commit_is_settled_by_the_history() {
    let server = Server::shared();
    for fault in [Fault::LoseRequest, Fault::LoseAnswer] {
        for nth in [1, 28, 55] {
            let database = server.database();
            let proxy = Proxy::start(server.port());
            proxy.on_commit(fault, nth);
            let run = dsentr(&["up", "--output", "json"])
                .env("DATABASE_URL", &database.url_through(proxy.port()))
                .run();
            assert!(proxy.fired(), "{fault:?} {nth}");
            assert_eq!(run.code, Some(0), "{fault:?} {nth}: {}", run.text());
            assert_eq!(applied(&run), from("2025_05_08_1_init"));
            let said = Run {
                stdout: String::new(),
                ..run
            };
            golden("cut_commit.txt", &told(&said, &database, &[]));
            assert_at_target(&database).await;
        }
    }
}

/// The COMMIT behind [`BUSY`] is lost, and until the proxy lets the run in again somebody else has done its work.
#[tokio::test]
async fn what_somebody_else_applied_in_between_is_not_claimed() {
    let server = Server::shared();
    let (database, holder) = busy(server).await;
    let proxy = Proxy::start(server.port());
    // The one before, the one that is blocked, and the one behind it.
    proxy.on_commit(Fault::LoseRequest, 3);
    let mut run = Running::start(run_at(&database.url_through(proxy.port())));
    run.until_blocked(&database).await;
    proxy.refuse();
    holder.close().await;
    proxy.until_fired();
    up_to(&database, "2025_09_16_1");
    proxy.accept();
    let run = run.end();
    golden("cut_overtaken.txt", &told(&run, &database, &[proxy.port()]));
    assert_at_target(&database).await;
}

/// `up` through a proxy that loses a middle COMMIT and those that follow.
fn lose_in_a_row(database: &Database<'_>, fault: Fault, times: u32) -> String {
    let proxy = Proxy::start(database.server().port());
    proxy.on_commits(fault, 28, times);
    let run = run_at(&database.url_through(proxy.port())).run();
    told(&run, database, &[proxy.port()])
}

#[tokio::test]
async fn the_third_loss_over_one_step_is_a_failure() {
    let database = Server::shared().database();
    let text = lose_in_a_row(&database, Fault::LoseRequest, 3);
    golden("cut_three_times.txt", &text);
    let session = database.session().await;
    until_alone(&session).await;
    session.close().await;
    assert_next_run_ends_at_target(&database).await;
}

/// Each time something was done in between, so that it may go on.
#[tokio::test]
async fn three_losses_over_three_steps_are_none() {
    let database = Server::shared().database();
    let text = lose_in_a_row(&database, Fault::LoseAnswer, 4);
    golden("cut_four_steps.txt", &text);
    assert_at_target(&database).await;
}

#[tokio::test]
async fn a_connection_that_is_cut_is_opened_again() {
    let server = Server::shared();
    let (database, holder) = busy(server).await;
    let proxy = Proxy::start(server.port());
    let mut run = Running::start(run_at(&database.url_through(proxy.port())));
    run.until_busy(&database).await;
    proxy.cut();
    run.until_says("the connection was lost", 1);
    run.until_blocked(&database).await;
    holder.close().await;
    let run = run.end();
    golden("cut_both_ways.txt", &told(&run, &database, &[proxy.port()]));
    assert_at_target(&database).await;
}

#[tokio::test]
async fn a_server_that_crashes_and_comes_back_is_gone_on_with() {
    let server = Server::of_its_own();
    let (database, _holder) = busy(&server).await;
    let run = run_at(&database.url()).env(EACH.0, EACH.1);
    let mut run = Running::start(run);
    run.until_busy(&database).await;
    server.crash();
    run.until_says("waiting for the server", 1);
    server.start_again();
    let run = run.end();
    golden("cut_crash.txt", &told(&run, &database, &[]));
    assert_at_target(&database).await;
    stays_away(&server).await;
}

/// The server of the test above crashes once more, for longer than the run waits.
async fn stays_away(server: &Server) {
    let (database, holder) = busy(server).await;
    let run = away(server, &database, holder, "json").await;
    assert_eq!(run.code, Some(6), "{}", run.text());
    let before_busy = MIGRATIONS
        .iter()
        .rfind(|migration| migration.stem < BUSY)
        .expect("there is one");
    assert_eq!(applied(&run), [before_busy.stem]);

    let holder = hold(&database).await;
    let run = away(server, &database, holder, "text").await;
    golden("cut_away.txt", &told(&run, &database, &[]));
    assert_next_run_ends_at_target(&database).await;
}

async fn away(server: &Server, database: &Database<'_>, holder: Session, output: &str) -> Run {
    let arguments = ["up", "--wait-timeout", "500ms", "--output", output];
    let run = dsentr(&arguments).env("DATABASE_URL", &database.url());
    // So that a run which reports at its end tells on the way, too.
    let level = if output == "json" { "info" } else { "warn" };
    let run = run.env("DSENTR_MIGRATE_LOG_LEVEL", level);
    let mut run = Running::start(run.env(EACH.0, EACH.1));
    run.until_blocked(database).await;
    if output == "json" {
        run.until_said("applied").await;
    }
    drop(holder);
    server.crash();
    let run = run.end();
    server.start_again();
    run
}

#[tokio::test]
async fn a_server_that_is_shut_down_and_comes_back_is_gone_on_with() {
    let server = Server::of_its_own();
    let (database, _holder) = busy(&server).await;
    let mut run = Running::start(run_at(&database.url()));
    run.until_busy(&database).await;
    server.shut_down();
    run.until_says("waiting for the server", 1);
    server.start_again();
    let run = run.end();
    golden("cut_shutdown.txt", &told(&run, &database, &[]));
    assert_at_target(&database).await;
}

#[tokio::test]
async fn a_session_that_an_administrator_ends_is_a_failure() {
    let server = Server::shared();
    let (database, holder) = busy(server).await;
    let mut run = Running::start(run_at(&database.url()));
    run.until_busy(&database).await;
    holder
        .batch("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
        .await;
    let run = run.end();
    golden("cut_terminated.txt", &told(&run, &database, &[]));
    holder.close().await;
    let session = database.session().await;
    until_alone(&session).await;
    session.close().await;
    assert_next_run_ends_at_target(&database).await;
}

/// A runner to be killed, at a table that another one holds or in a statement that sleeps.
struct Victim<'s> {
    database: Database<'s>,
    holder: Option<Session>,
    run: Running,
    watcher: Session,
}

impl<'s> Victim<'s> {
    async fn new(server: &'s Server, is_blocked: bool) -> Self {
        let (database, holder) = if is_blocked {
            let (database, holder) = busy(server).await;
            (database, Some(holder))
        } else {
            (slow(server).await, None)
        };
        let watcher = database.session().await;
        let mut run = Running::start(run_at(&database.url()));
        if is_blocked {
            run.until_blocked(&database).await;
        } else {
            run.until_asleep(&database).await;
        }
        Self {
            database,
            holder,
            run,
            watcher,
        }
    }

    /// Kills it. How long its migration lock, and then all of its locks, outlived it.
    async fn kill(self) -> Duration {
        let runners = "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) \
                       WHERE datname = current_database() AND application_name = 'dsentr-migrate'";
        assert_ne!(self.watcher.value(runners).await, "0");
        let killed = Instant::now();
        self.run.signal("KILL");
        assert_eq!(self.run.end().code, None);
        while self.watcher.value(runners).await != "0" {
            assert!(
                killed.elapsed() < Duration::from_secs(10),
                "its locks are still held"
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let free_after = killed.elapsed();
        self.watcher.close().await;
        if let Some(holder) = self.holder {
            holder.close().await;
        } else {
            wake(&self.database).await;
        }
        assert_next_run_ends_at_target(&self.database).await;
        free_after
    }
}

async fn major(database: &Database<'_>) -> u32 {
    let session = database.session().await;
    let major = session
        .value("SELECT current_setting('server_version_num')::int / 10000")
        .await;
    session.close().await;
    major.parse().expect("a number")
}

/// How fast the server notices is up to `client_connection_check_interval`, which the next test sees set. Before 14 there
/// is none: who waits for a table lock is gone after `table_lock.timeout`, and a long statement goes on to its end.
#[tokio::test]
async fn the_locks_of_a_killed_runner_are_soon_free() {
    let server = Server::shared();
    let mut times = Vec::new();
    let notices = major(&server.database()).await >= 14;
    for is_blocked in [true, false] {
        if !is_blocked && !notices {
            continue;
        }
        let mut victims = Vec::new();
        for _ in 0..5 {
            victims.push(Victim::new(server, is_blocked).await);
        }
        for victim in victims {
            times.push(victim.kill().await);
        }
    }
    times.sort();
    println!(
        "locks of a killed runner: free after {:?} (median), {:?} (at most), of {}",
        times[times.len() / 2],
        times[times.len() - 1],
        times.len()
    );
}

/// Without these a server works on for a runner that is gone: for hours where its machine is gone too.
#[tokio::test]
async fn a_session_is_set_to_notice_that_its_runner_is_gone() {
    let database = Server::shared().database();
    let file = "-- Of interest to a test.\n-- Not rerunnable: it need not be.\n\
                CREATE TABLE seen AS SELECT name, setting FROM pg_settings;\n\n\
                -- Nothing to undo: the test drops the database.\n";
    let library = Library::of(&[("2025_01_01_1_seen.sql", file)]);
    let ended = library.run(&database.url(), up()).await;
    assert!(ended.result.is_ok(), "{}", ended.text());
    let session = database.session().await;
    let mut seen = session
        .rows(
            "SELECT name, setting FROM seen WHERE name IN ('client_connection_check_interval', 'tcp_keepalives_idle', \
             'tcp_keepalives_interval', 'tcp_keepalives_count', 'idle_in_transaction_session_timeout') ORDER BY name",
        )
        .await;
    if major(&database).await >= 14 {
        assert_eq!(seen.remove(0), "client_connection_check_interval|1000");
    }
    assert_eq!(
        seen,
        [
            "idle_in_transaction_session_timeout|0",
            "tcp_keepalives_count|3",
            "tcp_keepalives_idle|10",
            "tcp_keepalives_interval|5"
        ]
    );
    session.close().await;
}
