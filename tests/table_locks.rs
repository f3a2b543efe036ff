//! Tables that others hold and statements that take long: what `up` waits for, how long, and what it says meanwhile.

mod support;

use std::time::{Duration, Instant};

use dsentr_migrate::config::Format;
use support::executable::{Dsentr, dsentr};
use support::golden::golden;
use support::library::{Ended, Library, step, up};
use support::mask::{mask, mask_durations};
use support::mask::{mask_counts, once};
use support::proxy::Proxy;
use support::running::Running;
use support::server::{Database, Role, Server, Session};

/// For one try to get a table lock, in most tests here.
const TRY: (&str, &str) = ("DSENTR_MIGRATE_TABLE_LOCK_TIMEOUT", "600ms");

/// The newest version at which `workflows` is there and the next migration alters it.
const BEFORE: &str = "2025_10_07_4";

/// A database of the real migrations, with a table that the next one alters.
fn half_migrated() -> Database<'static> {
    let database = Server::shared().database();
    to(&database, BEFORE);
    database
}

fn to(database: &Database<'_>, version: &str) {
    let run = real(database, &["up", "--to", version]).run();
    assert_eq!(run.code, Some(0), "{}", run.stderr);
}

fn real(database: &Database<'_>, arguments: &[&str]) -> Dsentr {
    dsentr(arguments).env("DATABASE_URL", &database.url())
}

/// A session that has read a table, and has forgotten to end its transaction. It calls itself after the table.
async fn forgotten_reader(database: &Database<'_>, table: &str) -> Session {
    let session = database.session().await;
    session
        .batch(&format!(
            "SET application_name TO 'reporting on {table}'; BEGIN"
        ))
        .await;
    session
        .batch(&format!("SELECT count(*)\nFROM {table}"))
        .await;
    session
}

/// Whether a runner waits for a table lock.
const WAITS: &str = "SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database() \
    AND application_name = 'dsentr-migrate' AND wait_event_type = 'Lock' AND wait_event = 'relation'";

/// The whole output, each line once, without what differs from run to run.
fn told(text: &str, database: &Database<'_>) -> String {
    once(&mask_counts(&mask(text, database)))
}

#[tokio::test]
async fn a_blocked_migration_is_tried_again_and_readers_get_through_meanwhile() {
    let database = half_migrated();
    let blocker = forgotten_reader(&database, "workflows").await;
    let watcher = database.session().await;
    let pid = watcher.value("SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'reporting on workflows'").await;
    let mut run = Running::start(real(&database, &["up"]).env(TRY.0, TRY.1));
    let mut rounds = 0;
    while !a_reader_queues_and_gets_through(&database, &watcher, "workflows").await {
        rounds += 1;
        assert!(rounds < 20, "no reader was ever behind it: {}", run.said());
    }
    run.until_said("tries=2").await;
    for word in [
        "2025_10_07_5_add_webhook_salt did not get a table lock and will be tried again, for up to 5m",
        &format!(
            "pid {pid} (reporting on workflows as postgres, idle in transaction, transaction open for"
        ),
        "SELECT count(*) FROM workflows",
    ] {
        assert!(run.said().contains(word), "{word:?}: {}", run.said());
    }
    assert!(!run.has_ended());
    blocker.batch("COMMIT").await;
    let run = run.end();
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let check = real(&database, &["status", "--check"]).run();
    assert_eq!(check.code, Some(0), "{}", check.stdout);
    watcher.close().await;
}

/// Starts a reader while the migration waits. Whether it was seen to wait for the migration; in the end it always reads.
async fn a_reader_queues_and_gets_through(
    database: &Database<'_>,
    watcher: &Session,
    table: &str,
) -> bool {
    let reader = database.session().await;
    let pid = reader.value("SELECT pg_backend_pid()").await;
    watcher.until(WAITS, "t").await;
    let select = format!("SELECT count(*) FROM {table}");
    let mut reads = Box::pin(reader.value(&select));
    let mut queued = false;
    let blocked = format!("SELECT cardinality(pg_blocking_pids({pid})) > 0");
    let start = Instant::now();
    loop {
        tokio::select! {
            biased;
            rows = &mut reads => {
                assert_eq!(rows, "0");
                return queued;
            }
            seen = watcher.value(&blocked) => queued |= seen == "t",
        }
        assert!(start.elapsed() < Duration::from_secs(10), "it never reads");
    }
}

#[tokio::test]
async fn after_the_budget_it_says_who_was_in_the_way() {
    let database = Server::shared().database();
    to(&database, "2025_10_07_3");
    let blocker = forgotten_reader(&database, "workflows").await;
    let run = real(&database, &["up"])
        .env(TRY.0, TRY.1)
        .env("DSENTR_MIGRATE_TABLE_LOCK_BUDGET", "1s")
        .run();
    golden("table_lock_budget.txt", &told(&run.text(), &database));
    let watcher = database.session().await;
    let newest = "SELECT max(version) FROM refinery_schema_history";
    assert_eq!(
        watcher.value(newest).await,
        "2025100704",
        "earlier ones stay"
    );
    let left = "SELECT count(*) FROM pg_attribute WHERE attname = 'webhook_salt'";
    assert_eq!(watcher.value(left).await, "0", "nothing of it is left");
    let locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' \
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    assert_eq!(watcher.value(locks).await, "0", "nor the migration lock");
    blocker.close().await;
    assert_eq!(real(&database, &["up"]).run().code, Some(0));
    watcher.close().await;
}

/// Two tables, and a migration that alters them.
fn altering() -> Library {
    let tables = step("CREATE TABLE busy (id int);\nCREATE TABLE other (id int);");
    let alter = step("ALTER TABLE busy ADD COLUMN a int;\nALTER TABLE other ADD COLUMN a int;");
    Library::of(&[
        ("2025_01_01_1_tables.sql", &tables),
        ("2025_01_01_2_alter.sql", &alter),
    ])
}

/// Applies all but the last.
async fn all_but_the_last(library: Library, database: &Database<'_>) {
    let but_last = Library(&library.0[..library.0.len() - 1]);
    let ended = but_last.run(&database.url(), up()).await;
    assert!(ended.result.is_ok(), "{}", ended.text());
}

/// Who was in the way of an earlier statement is not blamed for a later one: the second look names the one who is, and
/// where there was no time for it, nobody is named.
#[tokio::test]
async fn the_one_who_is_in_the_way_now_is_named() {
    let (text, log) = blocked_twice("1500ms").await;
    golden("table_lock_second.txt", &(log + &text));
    let (text, log) = blocked_twice("800ms").await;
    assert!(
        log.contains("statement 1 of 2") && log.contains("reporting on busy"),
        "{log}"
    );
    assert!(text.contains("= note: statement 2 of 2"), "{text}");
    assert!(!text.contains("reporting on"), "{text}");
}

/// A migration whose first statement is let through once it was seen who is in its way, and whose second one is not:
/// its output, and its log.
async fn blocked_twice(timeout: &str) -> (String, String) {
    let database = Server::shared().database();
    let library = altering();
    all_but_the_last(library, &database).await;
    let first = forgotten_reader(&database, "busy").await;
    let second = forgotten_reader(&database, "other").await;
    let watcher = database.session().await;
    let url = database.url();
    let variables = [
        ("DATABASE_URL", url.as_str()),
        (TRY.0, timeout),
        ("DSENTR_MIGRATE_TABLE_LOCK_BUDGET", "1ms"),
    ];
    let release = async {
        let looked = "SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database() \
                      AND application_name = 'dsentr-migrate' AND query LIKE '%pg_blocking_pids%' AND state = 'idle'";
        watcher.until(looked, "t").await;
        first.batch("COMMIT").await;
    };
    let ((ended, log), ()) = tokio::join!(library.run_logged(&variables, up()), release);
    second.close().await;
    watcher.close().await;
    let masked = |text: &str| mask_json_times(&mask_counts(&mask(text, &database)));
    (masked(&ended.text()), masked(&log))
}

/// `duration_ms` has no unit behind it.
fn mask_json_times(text: &str) -> String {
    let line = |line: &str| {
        let (before, after) = line.split_once("duration_ms\": ").unwrap_or((line, ""));
        if before.len() == line.len() {
            return line.to_owned();
        }
        let after = after.trim_start_matches(|c: char| c.is_ascii_digit());
        format!("{before}duration_ms\": <time>{after}")
    };
    text.split_inclusive('\n').map(line).collect()
}

/// The migration is the one that the server picks: when it comes to wait, the circle is closed already.
#[tokio::test]
async fn a_deadlock_is_tried_again() {
    let database = Server::shared().database();
    let session = database.session().await;
    session
        .batch(&format!(
            "ALTER DATABASE {} SET deadlock_timeout TO '50ms'; CREATE SEQUENCE tries; CREATE TABLE a (); CREATE TABLE b ()",
            database.name()
        ))
        .await;
    // What a sequence has given is not rolled back.
    let library = Library::of(&[(
        "2025_01_01_1_both.sql",
        &step(
            "SELECT nextval('tries');\nALTER TABLE a ADD COLUMN c int;\n\
             SELECT pg_advisory_xact_lock(1);\nALTER TABLE b ADD COLUMN c int;",
        ),
    )]);
    let (other, third) = (database.session().await, database.session().await);
    third.batch("SELECT pg_advisory_lock(1)").await;
    other
        .batch("SET deadlock_timeout TO '1h'; BEGIN; LOCK TABLE b")
        .await;
    let url = database.url();
    let variables = [
        ("DATABASE_URL", url.as_str()),
        ("DSENTR_MIGRATE_TABLE_LOCK_TIMEOUT", "1m"),
    ];
    let pid = other.value("SELECT pg_backend_pid()").await;
    let closes = async {
        let waits = "SELECT count(*) > 0 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted \
             AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
        session.until(waits, "t").await;
        let locks = other.batch("LOCK TABLE a; COMMIT");
        let opens = async {
            let closed = format!("SELECT cardinality(pg_blocking_pids({pid})) > 0");
            session.until(&closed, "t").await;
            third.batch("SELECT pg_advisory_unlock(1)").await;
        };
        tokio::join!(locks, opens);
    };
    let ((ended, log), ()) = tokio::join!(library.run_logged(&variables, up()), closes);
    assert!(ended.result.is_ok(), "{}\n{log}", ended.text());
    assert_eq!(session.value("SELECT last_value FROM tries").await, "2");
    for words in [
        "2025_01_01_1_both did not get a table lock and will be tried again",
        "tries=1",
        "statement=4",
        "40P01: deadlock detected",
    ] {
        assert!(log.contains(words), "{words:?}: {log}");
    }
    session.close().await;
}

/// What each migration of a library found set, of a table that they write it to.
async fn limits_seen(files: &[(&str, &str)], operator: Option<&str>) -> Vec<String> {
    let database = Server::shared().database();
    // An index refuses a transaction and reads no table but its own; a sequence can be set all the same.
    let table = step(
        "CREATE TABLE seen (name text, setting text);\nINSERT INTO seen VALUES ('0', '0');\nCREATE SEQUENCE alone;\n\
         CREATE FUNCTION note(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$\nBEGIN\n\
         PERFORM setval('public.alone', setting::bigint) FROM pg_settings WHERE name = 'lock_timeout';\n\
         RETURN $1;\nEND\n$$;",
    );
    let mut all = vec![("2025_01_01_1_seen.sql", table.as_str())];
    all.extend(files);
    let url = database.url();
    let mut variables = vec![("DATABASE_URL", url.as_str())];
    variables.extend(operator.map(|timeout| (TRY.0, timeout)));
    let library = Library::of(&all);
    let ended = library.run_with(&variables, up(), Format::Text).await;
    assert!(ended.result.is_ok(), "{}", ended.text());
    let session = database.session().await;
    let seen =
        "SELECT setting FROM seen WHERE name <> '0' ORDER BY name; SELECT last_value FROM alone";
    let rows = session.rows(seen).await;
    session.close().await;
    rows
}

#[tokio::test]
async fn a_file_says_how_long_and_an_operator_knows_better() {
    let seen = "INSERT INTO seen VALUES ('<name>', current_setting('lock_timeout'));";
    let plain = step(&seen.replace("<name>", "1 plain"));
    let own = step(&format!(
        "-- migrate: lock-timeout=10s\n{}",
        seen.replace("<name>", "2 own")
    ));
    let alone = step(
        "-- migrate: no-transaction\n-- migrate: lock-timeout=10s\n\
         CREATE INDEX CONCURRENTLY IF NOT EXISTS seen_note ON public.seen (public.note(name));",
    );
    let files = [
        ("2025_01_01_2_plain.sql", plain.as_str()),
        ("2025_01_01_3_own.sql", own.as_str()),
        ("2025_01_01_4_alone.sql", alone.as_str()),
    ];
    assert_eq!(limits_seen(&files, None).await, ["4s", "10s", "10000"]);
    // What refuses a transaction would begin from its start: there the file alone decides.
    assert_eq!(
        limits_seen(&files, Some("700ms")).await,
        ["700ms", "700ms", "10000"]
    );
}

#[tokio::test]
async fn a_prepared_transaction_in_the_way_is_named() {
    let server = Server::of_its_own();
    server.administer(&["ALTER SYSTEM SET max_prepared_transactions TO 5"]);
    server.crash_and_restart();
    let database = server.database();
    let library = altering();
    all_but_the_last(library, &database).await;
    let session = database.session().await;
    for prepared in ["elsewhere", "o'clock"] {
        let table = if prepared == "elsewhere" {
            "other"
        } else {
            "busy"
        };
        session
            .batch(&format!("BEGIN; LOCK TABLE {table} IN SHARE MODE; "))
            .await;
        let name = prepared.replace('\'', "''");
        session
            .batch(&format!("PREPARE TRANSACTION '{name}'"))
            .await;
    }
    let url = database.url();
    let variables = [
        ("DATABASE_URL", url.as_str()),
        TRY,
        ("DSENTR_MIGRATE_TABLE_LOCK_BUDGET", "1ms"),
    ];
    let (ended, log) = library.run_logged(&variables, up()).await;
    let text = format!("{log}{}", ended.text());
    golden(
        "table_lock_prepared.txt",
        &mask_json_times(&mask_counts(&mask(&text, &database))),
    );
    session.batch("ROLLBACK PREPARED 'o''clock'").await;
    session.batch("ROLLBACK PREPARED 'elsewhere'").await;
    let ended = library.run(&url, up()).await;
    assert!(ended.result.is_ok(), "{}", ended.text());
    session.close().await;
}

/// What is meant for the application's queries.
#[tokio::test]
async fn limits_of_role_and_database_do_not_cut_a_migration() {
    let database = Server::shared().owned_database(Role::Owner);
    let session = Session::open(&database.url_as("postgres")).await;
    let newest = session.value("SHOW server_version_num").await.as_str() >= "170000";
    let mut limits = vec![
        "statement_timeout",
        "lock_timeout",
        "idle_in_transaction_session_timeout",
    ];
    limits.extend(newest.then_some("transaction_timeout"));
    for limit in &limits {
        session
            .batch(&format!(
                "ALTER DATABASE {} SET {limit} TO '200ms'; ALTER ROLE {} SET {limit} TO '200ms'",
                database.name(),
                database.user()
            ))
            .await;
    }
    let library = Library::of(&[
        (
            "2025_01_01_1_busy.sql",
            &step(&format!(
                "CREATE TABLE busy (id int);\nINSERT INTO busy SELECT generate_series(1, 3);\n{SLOWLY}"
            )),
        ),
        (
            "2025_01_01_2_slow.sql",
            &step(
                "LOCK TABLE busy;\nSELECT pg_sleep(0.4);\nCREATE TABLE seen AS SELECT name, setting FROM pg_settings;",
            ),
        ),
        (
            "2025_01_01_3_alone.sql",
            &step(
                "-- migrate: no-transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS busy_slowly ON public.busy (public.slowly(id));",
            ),
        ),
    ]);
    let first = Library(&library.0[..1]).run(&database.url(), up()).await;
    assert!(first.result.is_ok(), "{}", first.text());
    let blocker = Session::open(&database.url_as("postgres")).await;
    let watcher = Session::open(&database.url_as("postgres")).await;
    for limit in &limits {
        let none = format!("SET {limit} TO 0");
        tokio::join!(blocker.batch(&none), watcher.batch(&none));
    }
    blocker.batch("BEGIN; LOCK TABLE busy").await;
    let url = database.url();
    let release = async {
        watcher.until(WAITS, "t").await;
        // Well beyond the limit that must not hold.
        watcher.batch("SELECT pg_sleep(0.4)").await;
        blocker.batch("COMMIT").await;
    };
    let (ended, ()) = tokio::join!(library.run(&url, up()), release);
    assert!(ended.result.is_ok(), "{}", ended.text());
    for limit in limits {
        let seen = watcher
            .value(&format!("SELECT setting FROM seen WHERE name = '{limit}'"))
            .await;
        let expected = if limit == "lock_timeout" { "4000" } else { "0" };
        assert_eq!(seen, expected, "{limit}");
    }
    watcher.close().await;
    session.close().await;
}

#[tokio::test]
async fn a_limit_that_the_operator_gave_cuts_a_statement() {
    let database = Server::shared().database();
    let library = Library::of(&[(
        "2025_01_01_1_slow.sql",
        &step("CREATE TABLE t (id int);\nSELECT pg_sleep(60);"),
    )]);
    let url = database.url();
    let variables = [
        ("DATABASE_URL", url.as_str()),
        ("DSENTR_MIGRATE_STATEMENT_TIMEOUT", "150ms"),
    ];
    let ended = library.run_with(&variables, up(), Format::Text);
    golden(
        "statement_timeout.txt",
        &mask(&ended.await.text(), &database),
    );
}

/// A tenth of a second a row.
const SLOWLY: &str = "CREATE FUNCTION slowly(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$\n\
    BEGIN\n    PERFORM pg_sleep(0.1);\n    RETURN $1;\nEND\n$$;";

/// An index over a function that sleeps, on a table of so many pages.
fn slow_index(pages: u32) -> Library {
    let table = step(&format!(
        "CREATE TABLE wide (id int, filler text);\nALTER TABLE wide ALTER COLUMN filler SET STORAGE PLAIN;\n\
         INSERT INTO wide SELECT i, repeat('x', 5000) FROM generate_series(1, {pages}) i;\n\
         {SLOWLY}"
    ));
    let index = step(
        "SELECT 1;\nCREATE INDEX wide_slowly ON wide (slowly(id));\n-- allow: create-index: the test waits for it.",
    );
    Library::of(&[
        ("2025_01_01_1_table.sql", &table),
        ("2025_01_01_2_index.sql", &index),
    ])
}

#[tokio::test]
async fn a_slow_statement_is_told_with_phase_and_percent() {
    let database = Server::shared().database();
    let library = slow_index(22);
    all_but_the_last(library, &database).await;
    let url = database.url();
    let (ended, log) = library.run_logged(&[("DATABASE_URL", &url)], up()).await;
    assert!(ended.result.is_ok(), "{}", ended.text());
    // How long the whole took stands behind the last word of its span.
    let log = log
        .replace("duration_ms=", "in ")
        .replace("}: applied", " ms}: applied");
    golden(
        "slow_index.txt",
        &once(&mask_percent(&mask_durations(&log))),
    );
    one_document(&ended);
}

/// stdout is one JSON document, whatever was told meanwhile.
fn one_document(ended: &Ended) {
    let document: serde_json::Value =
        serde_json::from_str(&ended.stdout).expect("one document of JSON");
    assert_eq!(document["schema"], "dsentr-migrate/up/1");
}

fn mask_percent(text: &str) -> String {
    let words = text.split(' ').collect::<Vec<_>>();
    let mut masked = String::new();
    for (index, word) in words.iter().enumerate() {
        let percent = words
            .get(index + 1)
            .is_some_and(|next| next.starts_with('%'));
        let number = percent && word.parse::<u8>().is_ok_and(|number| number <= 100);
        masked.push_str(if number { "<n>" } else { word });
        masked.push(' ');
    }
    masked.trim_end_matches(' ').to_owned()
}

/// A second connection is there for long statements alone, and looks once a second at the most.
#[tokio::test]
async fn who_takes_no_time_is_not_looked_at() {
    let database = Server::shared().database();
    let proxy = Proxy::start(database.server().port());
    let url = database.url_through(proxy.port());
    for occasion in ["fresh", "nothing pending"] {
        proxy.reset();
        let start = Instant::now();
        let run = dsentr(&["up"]).env("DATABASE_URL", &url).run();
        println!("{occasion}: {:?} with one connection", start.elapsed());
        assert_eq!((run.code, proxy.connections()), (Some(0), 1), "{occasion}");
    }
}

#[tokio::test]
async fn who_takes_long_is_looked_at_once_a_second() {
    let library = |seconds: &str| {
        Library::of(&[(
            "2025_01_01_1_sleep.sql",
            &step(&format!("SELECT 1;\nSELECT pg_sleep({seconds});")),
        )])
    };
    let flights = async |seconds: &str| {
        let database = Server::shared().database();
        // So slow that what is sent at once goes together.
        let proxy = Proxy::with_delay(database.server().port(), Duration::from_millis(20));
        let start = Instant::now();
        let ended = library(seconds)
            .run(&database.url_through(proxy.port()), up())
            .await;
        assert!(ended.result.is_ok(), "{}", ended.text());
        (proxy.connections(), proxy.flights(), start.elapsed())
    };
    let (short, long) = tokio::join!(flights("0"), flights("3.5"));
    assert_eq!((short.0, long.0), (1, 2));
    let looks = long.1 - short.1;
    assert!(
        (2..=long.2.as_secs()).contains(&looks),
        "{looks} looks in {:?}",
        long.2
    );
}

/// Blocked for more than a second: a warning, and nothing else is said of a statement unless asked for.
#[tokio::test]
async fn who_is_blocked_is_warned_of() {
    let database = half_migrated();
    let blocker = forgotten_reader(&database, "workflows").await;
    let mut run = Running::start(real(&database, &["up", "--output", "json"]));
    run.until_said("blocked by").await;
    blocker.batch("COMMIT").await;
    let run = run.end();
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    golden("blocked.txt", &told(&run.stderr, &database));
    let document: serde_json::Value = serde_json::from_str(&run.stdout).expect("one document");
    assert_eq!(document["position"], "2025_12_03_1");
}

#[tokio::test]
async fn a_full_server_does_not_stop_a_run() {
    let database = Server::shared().owned_database(Role::Owner);
    Server::shared().administer(&[&format!(
        "ALTER ROLE {} CONNECTION LIMIT 1",
        database.user()
    )]);
    let library = Library::of(&[("2025_01_01_1_sleep.sql", &step("SELECT pg_sleep(1.3);"))]);
    let url = database.url();
    let (ended, log) = library.run_logged(&[("DATABASE_URL", &url)], up()).await;
    assert!(ended.result.is_ok(), "{}", ended.text());
    let told = "running 2025_01_01_1_sleep, its only statement, for";
    assert!(log.contains(told), "told without a look: {log}");
}

/// Under a terminal of its own: what it writes there, byte for byte.
fn on_a_terminal(database: &Database<'_>, arguments: &str) -> Dsentr {
    let executable = env!("CARGO_BIN_EXE_dsentr-migrate");
    let mut run = dsentr(&[]);
    let mut script = std::process::Command::new("script");
    script
        .args(["-qec", &format!("{executable} {arguments}"), "/dev/null"])
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("SHELL", "/bin/sh")
        .env("DATABASE_URL", database.url())
        .stdin(std::process::Stdio::null());
    std::mem::swap(run.command(), &mut script);
    run
}

#[tokio::test]
async fn on_a_terminal_one_line_changes_and_goes() {
    let database = half_migrated();
    let blocker = forgotten_reader(&database, "workflows").await;
    let to = "up --color never --to 2025_10_07_5";
    let mut run = Running::start(on_a_terminal(&database, to).env(TRY.0, TRY.1));
    // Shown, gone for the line of the log, and shown anew.
    run.until_said("tries=2").await;
    assert!(!run.has_ended());
    blocker.batch("COMMIT").await;
    let run = run.end();
    assert_eq!(run.code, Some(0), "{}", run.stdout);
    let shown = run
        .stdout
        .replace("\x1b[2K", "ESC[2K\n")
        .replace('\r', "\\r");
    // Where it is cut depends on how many digits its numbers have.
    let cut = |line: &str| match line.split_once("by pid") {
        Some((before, _)) if line.starts_with("  blocked") => format!("{before}by pid ...\n"),
        _ => line.to_owned(),
    };
    let shown: String = shown.split_inclusive('\n').map(cut).collect();
    golden("terminal.txt", &told(&shown, &database));
    let after = run.stdout.rsplit("\x1b[2K").next().unwrap_or_default();
    assert!(
        !after.contains("blocked") && after.contains("; the database is at 2025_10_07_5"),
        "it is gone at the end: {after:?}"
    );
}
