//! Timeouts that a role or a database has for its applications: no command is ended by one.

mod support;

use std::time::Duration;

use dsentr_migrate::config::{Environment, load};
use dsentr_migrate::connect::Connector;
use dsentr_migrate::embedded::MIGRATIONS;
use dsentr_migrate::signal::Stop;
use support::executable::{Run, dsentr};
use support::pooler::{PoolMode, Pooler};
use support::server::{Database, Role, Server, Session};

/// Less than the wait for a table that somebody holds, and more than a statement of a few words.
const TINY: &str = "50ms";

/// For how long somebody holds what a command needs.
const HELD: Duration = Duration::from_millis(300);

/// All that are known; a server takes those that it has.
const TIMEOUTS: [&str; 6] = [
    "statement_timeout",
    "lock_timeout",
    "idle_in_transaction_session_timeout",
    "idle_session_timeout",
    "transaction_timeout",
    "tcp_user_timeout",
];

/// Sets all of them for the role, or for the database.
async fn limit(admin: &Session, subject: &str) {
    let names = TIMEOUTS.map(|name| format!("'{name}'")).join(", ");
    let known = format!("SELECT name FROM pg_settings WHERE name IN ({names})");
    for name in admin.rows(&known).await {
        admin
            .batch(&format!("ALTER {subject} SET {name} TO '{TINY}'"))
            .await;
    }
}

/// A database whose owner, and which itself, has all of them.
async fn scene() -> (Database<'static>, Session) {
    let database = Server::shared().owned_database(Role::OwnerWithCreateRole);
    let admin = Session::open(&database.url_as("postgres")).await;
    limit(&admin, &format!("ROLE {}", database.user())).await;
    limit(&admin, &format!("DATABASE {}", database.name())).await;
    // They are for those who come later.
    let names = TIMEOUTS.map(|name| format!("'{name}'")).join(", ");
    admin
        .batch(&format!(
            "DO $$DECLARE one text; BEGIN FOR one IN SELECT name FROM pg_settings WHERE name IN ({names}) LOOP \
             PERFORM set_config(one, '0', false); END LOOP; END$$"
        ))
        .await;
    (database, admin)
}

/// Runs a command while somebody holds a table until it has been waited for.
async fn against(admin: &Session, table: &str, url: &str, arguments: &[&str]) -> Run {
    admin
        .batch(&format!(
            "BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"
        ))
        .await;
    let (url, arguments) = (url.to_owned(), arguments.iter().map(|&one| one.to_owned()));
    let arguments: Vec<String> = arguments.collect();
    let run = tokio::task::spawn_blocking(move || {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        dsentr(&arguments).env("DATABASE_URL", &url).run()
    });
    admin
        .until(
            "SELECT count(*) > 0 FROM pg_locks WHERE NOT granted AND pid <> pg_backend_pid()",
            "t",
        )
        .await;
    // The timeouts would end it in this time.
    tokio::time::sleep(HELD).await;
    admin.batch("COMMIT").await;
    run.await.expect("the command ends")
}

fn assert_done(run: &Run, what: &str) {
    assert_eq!(run.code, Some(0), "{what}: {}", run.text());
    for word in ["timeout", "lost", "WARN"] {
        assert!(!run.stderr.contains(word), "{what}: {}", run.stderr);
    }
}

#[tokio::test]
async fn no_timeout_ends_a_command() {
    let (database, admin) = scene().await;
    let url = database.url();
    let history = "refinery_schema_history";
    let run = |arguments: &[&str]| {
        let run = dsentr(arguments).env("DATABASE_URL", &url).run();
        assert_done(&run, &format!("{arguments:?}"));
        run
    };
    run(&["wait"]);
    run(&["up", "--to", &MIGRATIONS[1].version.to_string()]);
    for command in [
        &["status"][..],
        &["plan"],
        &["verify", "--others"],
        &["up"],
        &["wait", "--for", "schema"],
        &[
            "rollback",
            "--steps",
            "2",
            "--accept-data-loss",
            "--dry-run",
        ],
        &["rollback", "--steps", "2", "--accept-data-loss"],
        &["adopt"],
        &["adopt", "--rebuild-history", "--dry-run"],
        &["adopt", "--rebuild-history"],
        &["up", "--verify"],
    ] {
        let run = against(&admin, history, &url, command).await;
        assert_done(&run, &format!("{command:?}"));
    }
    // The schema is read while somebody holds a table of it.
    for command in [&["verify"][..], &["up", "--verify"]] {
        let run = against(&admin, "users", &url, command).await;
        assert_done(&run, &format!("{command:?} of a table"));
    }
    admin.close().await;
}

/// The migration lock is waited for between two questions, and the schema of others between two looks.
#[tokio::test]
async fn no_timeout_ends_a_wait() {
    let (database, admin) = scene().await;
    let url = database.url();
    let key = dsentr_migrate::lock::key(&dsentr_migrate::config::HistoryTable {
        schema: "public".to_owned(),
        table: "refinery_schema_history".to_owned(),
    });
    admin
        .value(&format!("SELECT pg_advisory_lock({key})"))
        .await;
    let start = |arguments: &'static [&'static str]| {
        let url = url.clone();
        tokio::task::spawn_blocking(move || {
            dsentr(arguments)
                .env("DATABASE_URL", &url)
                .env("DSENTR_MIGRATE_LOG_LEVEL", "debug")
                .run()
        })
    };
    let up = start(&["up"]);
    let wait = start(&["wait", "--for", "schema"]);
    let sessions = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE usename = '{}' AND state = 'idle'",
        database.user()
    );
    admin.until(&sessions, "2").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    admin
        .value(&format!("SELECT pg_advisory_unlock({key})"))
        .await;
    let [up, wait] = [up.await, wait.await].map(|run| run.expect("the command ends"));
    for run in [up, wait] {
        assert_eq!(run.code, Some(0), "{}", run.text());
        assert!(
            !run.stderr.contains("connection was lost"),
            "{}",
            run.text()
        );
    }
    admin.close().await;
}

#[tokio::test]
async fn no_timeout_ends_a_bootstrap() {
    let server = Server::of_its_own();
    let url = format!("postgres://postgres@127.0.0.1:{}/postgres", server.port());
    let held = Session::open(&url).await;
    limit(&held, "ROLE postgres").await;
    limit(&held, "DATABASE postgres").await;
    // Who makes a role waits for it; who looks at roles does not.
    held.batch("BEGIN; LOCK TABLE pg_authid IN SHARE MODE")
        .await;
    let run = tokio::task::spawn_blocking({
        let url = url.clone();
        let port = server.port();
        move || {
            dsentr(&["bootstrap"])
                .env("DSENTR_MIGRATE_BOOTSTRAP_URL", &url)
                .env(
                    "DATABASE_URL",
                    &format!("postgres://migrator@127.0.0.1:{port}/dsentr"),
                )
                .run()
        }
    });
    held.until("SELECT count(*) > 0 FROM pg_locks WHERE NOT granted", "t")
        .await;
    tokio::time::sleep(HELD).await;
    held.batch("COMMIT").await;
    let run = run.await.expect("the command ends");
    assert_done(&run, "bootstrap");
    held.close().await;
}

/// Nothing is set there for longer than a transaction.
#[tokio::test]
async fn no_timeout_ends_a_command_through_a_pooler() {
    let (database, admin) = scene().await;
    let pooler = Pooler::start(database.server(), PoolMode::Transaction, 20);
    let url = database.url_through(pooler.port());
    let history = "refinery_schema_history";
    for (command, table) in [
        (&["up", "--to", "2025_05_09_1"][..], None),
        (&["status"], Some(history)),
        (&["plan"], Some(history)),
        (&["verify"], Some(history)),
        (&["up"], Some(history)),
        (&["verify"], Some("users")),
    ] {
        let run = match table {
            Some(table) => against(&admin, table, &url, command).await,
            None => dsentr(command).env("DATABASE_URL", &url).run(),
        };
        assert_eq!(run.code, Some(0), "{command:?}: {}", run.text());
        assert!(
            !run.stderr.contains("timeout"),
            "{command:?}: {}",
            run.stderr
        );
    }
    admin.close().await;
}

/// A server that is newer than this program may have one that it does not know.
#[tokio::test]
async fn a_newer_server_is_asked_for_its_timeouts() {
    let (database, admin) = scene().await;
    let url = database.url();
    let environment: Environment = [("DATABASE_URL", url.as_str())].into_iter().collect();
    let config = load(&environment, Vec::new(), None, None).expect("the settings are right");
    let stop = Stop::never();
    let connector = Connector::new(&config.settings, &environment, &stop);
    let mut session = connector.connect().await.expect("the server is there");
    session.target.server_version = "99.1".to_owned();
    let question = "SELECT string_agg(name, ' ') FROM pg_settings WHERE context = 'user' AND name LIKE '%timeout' AND setting <> '0'";
    let sql = format!(
        "{}SET idle_session_timeout TO '1s'; {question}",
        session.without_timeouts()
    );
    // Those that the server does not have are known to be there from an older version on.
    let known = session.client.simple_query(&sql).await;
    let major = admin
        .value("SELECT current_setting('server_version_num')::int / 10000")
        .await;
    if major.parse::<u32>().is_ok_and(|major| major >= 17) {
        let rows = known.expect("it knows them all");
        let left = rows.iter().find_map(|message| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0),
            _ => None,
        });
        assert_eq!(left, Some("idle_session_timeout wal_sender_timeout"));
    }
    session.close().await;
    admin.close().await;
}
