//! `up` against real servers: what it does, what it says, how it ends.

mod support;

use std::time::Duration;

use dsentr_migrate::cli::Command;
use dsentr_migrate::config::Format;
use support::executable::{Run, dsentr};
use support::golden::golden;
use support::library::{Library, step, up};
use support::mask::mask;
use support::proxy::Proxy;
use support::server::{Database, Server};

/// A file that makes a table; good enough to stand before or behind the one that matters.
fn table(name: &str) -> String {
    format!(
        "-- A table.\nCREATE TABLE IF NOT EXISTS {name} (id int PRIMARY KEY);\n\n\
         -- Rollback:\n--   DROP TABLE {name};\n--   -- Data loss: all rows.\n"
    )
}

async fn names(database: &Database<'_>) -> Vec<String> {
    let session = database.session().await;
    let rows = session
        .rows("SELECT version, name FROM refinery_schema_history ORDER BY version")
        .await;
    session.close().await;
    rows
}

fn text(run: &Run, database: &Database<'_>) -> String {
    mask(&run.text(), database)
}

#[test]
fn an_empty_database_gets_everything_and_a_second_run_does_nothing() {
    let database = Server::shared().database();
    let run = |arguments: &[&str]| {
        text(
            &dsentr(arguments).env("DATABASE_URL", &database.url()).run(),
            &database,
        )
    };
    golden("status_empty.txt", &run(&["status"]));
    golden("plan_to.txt", &run(&["plan", "--to", "2025_05_15_1"]));
    golden("up_fresh.txt", &run(&["up"]));
    golden("up_again.txt", &run(&["up"]));
    golden("status_applied.txt", &run(&["status"]));
    golden("plan_nothing.txt", &run(&["plan"]));
    golden("up_past_target.txt", &run(&["up", "--to", "2025_05_15_1"]));
}

#[test]
fn a_run_to_a_target_stops_there_and_the_next_goes_on() {
    let database = Server::shared().database();
    let run = |arguments: &[&str]| dsentr(arguments).env("DATABASE_URL", &database.url()).run();
    golden(
        "up_to.txt",
        &text(&run(&["up", "--to", "2025_05_15_1"]), &database),
    );
    golden(
        "status_check_pending.txt",
        &text(&run(&["status", "--check", "--output", "json"]), &database),
    );
    assert_eq!(run(&["status", "--check"]).code, Some(3));
    assert_eq!(run(&["up"]).code, Some(0));
    assert_eq!(run(&["status", "--check"]).code, Some(0));
    golden(
        "up_no_such_target.txt",
        &text(&run(&["up", "--to", "2025_05_15_2"]), &database),
    );
}

#[test]
fn a_first_run_costs_four_round_trips_however_many_migrations() {
    let database = Server::shared().database();
    // Far enough away that what is sent without waiting is delivered before the first answer comes.
    let proxy = Proxy::with_delay(database.server().port(), Duration::from_millis(20));
    let url = database.url_through(proxy.port());
    let run = dsentr(&["up"]).env("DATABASE_URL", &url).run();
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    // One question, the lock with the question again, the table with all migrations, the lock.
    assert_eq!(proxy.flights(), 4);
}

#[tokio::test]
async fn a_schema_without_its_history_is_left_alone() {
    let database = Server::shared().database();
    let run = |arguments: &[&str]| dsentr(arguments).env("DATABASE_URL", &database.url()).run();
    assert_eq!(run(&["up"]).code, Some(0));
    let session = database.session().await;
    session.batch("DELETE FROM refinery_schema_history").await;
    golden("up_untracked.txt", &text(&run(&["up"]), &database));
    session.batch("DROP TABLE refinery_schema_history").await;
    golden("up_untracked.txt", &text(&run(&["up"]), &database));
    // It is as it was, so that its version can be found.
    assert_eq!(run(&["adopt"]).code, Some(0));
    assert_eq!(run(&["verify"]).code, Some(0));
    session.close().await;
}

#[tokio::test]
async fn a_role_that_may_only_read_can_ask() {
    let database = Server::shared().database();
    assert_eq!(
        dsentr(&["up"])
            .env("DATABASE_URL", &database.url())
            .run()
            .code,
        Some(0)
    );
    let session = database.session().await;
    let reader = format!("reader_of_{}", database.name());
    session
        .batch(&format!(
            "CREATE ROLE {reader} LOGIN; GRANT CONNECT ON DATABASE {} TO {reader}; \
             GRANT USAGE ON SCHEMA public TO {reader}; GRANT SELECT ON refinery_schema_history TO {reader}",
            database.name()
        ))
        .await;
    for arguments in [&["status"][..], &["plan"], &["up"]] {
        let run = dsentr(arguments)
            .env("DATABASE_URL", &database.url_as(&reader))
            .run();
        assert_eq!(
            (run.code, run.stderr.as_str()),
            (Some(0), ""),
            "{arguments:?}"
        );
    }
    session
        .batch(&format!(
            "REVOKE SELECT ON refinery_schema_history FROM {reader}"
        ))
        .await;
    let run = dsentr(&["status"])
        .env("DATABASE_URL", &database.url_as(&reader))
        .run();
    golden("history_not_readable.txt", &text(&run, &database));
    session
        .batch(&format!("DROP OWNED BY {reader}; DROP ROLE {reader}"))
        .await;
    session.close().await;
}

/// Two runners of which each believes that it alone holds the lock: the history row decides.
#[tokio::test]
async fn without_the_lock_a_migration_is_still_applied_once() {
    let database = Server::shared().database();
    let slow = step("CREATE TABLE slow (id int);\nSELECT pg_sleep(0.5);");
    let library = Library::of(&[
        ("2025_01_01_1_first.sql", &table("first")),
        ("2025_01_01_2_slow.sql", &slow),
    ]);
    let to_first = Command::Up {
        to: Some("2025_01_01_1".parse().expect("a version")),
        strict: false,
        verify: false,
    };
    assert!(library.run(&database.url(), to_first).await.result.is_ok());
    // The other runner is in the middle of it, and holds no lock that we respect.
    let other = database.session().await;
    other
        .batch(&format!(
            "BEGIN; INSERT INTO refinery_schema_history VALUES (2025010102, 'slow', 'now', '{}'); CREATE TABLE slow (id int)",
            library.0[1].checksum
        ))
        .await;
    let ours = tokio::spawn({
        let url = database.url();
        async move { library.run(&url, up()).await.text() }
    });
    let watcher = database.session().await;
    while watcher.value("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'transactionid'").await == "0" {
        tokio::task::yield_now().await;
    }
    other.batch("COMMIT").await;
    let text = ours.await.expect("the runner ends");
    golden("up_overtaken.txt", &mask(&text, &database));
    assert_eq!(
        watcher
            .value("SELECT count(*) FROM refinery_schema_history")
            .await,
        "2"
    );
    watcher.close().await;
    other.close().await;
}

#[tokio::test]
async fn the_lock_of_another_runner_is_waited_for_and_told() {
    let database = Server::shared().database();
    let holder = database.session().await;
    let library = Library::of(&[("2025_01_01_1_first.sql", &step("SELECT pg_sleep(3600);"))]);
    let url = database.url();
    let first = tokio::spawn(async move { library.run(&url, up()).await.text() });
    while holder
        .value("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'")
        .await
        == "0"
    {
        assert!(!first.is_finished(), "it ended without its migration");
        tokio::task::yield_now().await;
    }
    let second = dsentr(&["up", "--lock-timeout", "100ms"])
        .env("DATABASE_URL", &database.url())
        .run();
    assert_eq!(second.code, Some(5));
    let pid = holder.value("SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'").await;
    let since = holder
        .value(&format!("SELECT to_char(backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') FROM pg_stat_activity WHERE pid = {pid}"))
        .await;
    let told = second
        .stderr
        .replace(&pid, "<pid>")
        .replace(&since, "<since>");
    let told = told
        .lines()
        .filter(|line| !line.contains("WARN"))
        .collect::<Vec<_>>()
        .join("\n");
    golden(
        "lock_timeout.txt",
        &mask(&format!("{}{told}\n", second.stdout), &database),
    );
    holder
        .batch(&format!("SELECT pg_terminate_backend({pid})"))
        .await;
    golden(
        "up_terminated.txt",
        &mask(&first.await.expect("the runner ends"), &database),
    );
    holder.close().await;
}

/// Each way in which the server tells where an error is.
#[tokio::test]
async fn a_failing_migration_is_shown_in_its_file() {
    let cases = [
        (
            "position_behind_non_ascii",
            "SELECT 'Zoë, 東京 und 🦀'; SELECT nope FROM first;",
        ),
        (
            "no_position",
            "INSERT INTO first VALUES (1);\nINSERT INTO first VALUES (2);\nINSERT INTO first\nVALUES (1);",
        ),
        (
            "detail_and_hint",
            "DO $$\nBEGIN\n    -- ü\n    RAISE EXCEPTION 'teams are left' USING ERRCODE = 'check_violation', DETAIL = 'two of them', HINT = 'drop them';\nEND\n$$;",
        ),
        (
            "query_in_a_body",
            "DO $$\nBEGIN\n    PERFORM 1;\n    UPDATE first SET nope = 2;\nEND\n$$;",
        ),
        (
            "function_called",
            "CREATE FUNCTION fails() RETURNS void LANGUAGE plpgsql AS $$\nBEGIN\n    PERFORM 1 / 0;\nEND\n$$;\nSELECT fails();",
        ),
        (
            "at_commit",
            "CREATE TABLE child (id int REFERENCES first DEFERRABLE INITIALLY DEFERRED);\nINSERT INTO child VALUES (7);",
        ),
        ("tab_before", "SELECT\n\tnope;"),
        (
            "several_lines",
            "SELECT 1;\n\nALTER TABLE first\n    ADD COLUMN label text;\nALTER TABLE first\n    ADD COLUMN other nosuchtype;",
        ),
    ];
    for (case, forward) in cases {
        let database = Server::shared().database();
        let library = Library::of(&[
            ("2025_01_01_1_first.sql", &table("first")),
            ("2025_01_01_2_fails.sql", &step(forward)),
            ("2025_01_01_3_never.sql", &table("never")),
        ]);
        let first = library.run(&database.url(), up()).await;
        golden(
            &format!("failure_{case}.txt"),
            &mask(&first.text(), &database),
        );
        // What was before it stays, nothing of it does, and the next run starts there.
        assert_eq!(names(&database).await, ["2025010101|first"]);
        let session = database.session().await;
        assert_eq!(session.rows("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY 1").await, ["first", "refinery_schema_history"]);
        session.close().await;
        let second = library.run(&database.url(), up()).await;
        assert_eq!(
            second
                .stdout
                .lines()
                .filter(|line| line.contains("applied "))
                .count(),
            0
        );
    }
}

#[tokio::test]
async fn a_failure_as_json() {
    let database = Server::shared().database();
    let library = Library::of(&[
        ("2025_01_01_1_first.sql", &table("first")),
        ("2025_01_01_2_fails.sql", &step("SELECT nope FROM first;")),
    ]);
    let ended = library
        .run_with(&[("DATABASE_URL", &database.url())], up(), Format::Json)
        .await;
    let text = mask(&ended.stdout, &database);
    let text: Vec<String> = text
        .lines()
        .map(|line| {
            line.split_once("\"duration_ms\": ").map_or_else(
                || line.to_owned(),
                |(before, _)| format!("{before}\"duration_ms\": <time>"),
            )
        })
        .collect();
    golden("failure.json", &text.join("\n"));
}

#[tokio::test]
async fn statements_that_refuse_a_transaction_go_one_by_one() {
    let database = Server::shared().database();
    let index = "-- Found by a reader.\n-- migrate: no-transaction\n\
                 CREATE INDEX CONCURRENTLY IF NOT EXISTS first_id ON public.first (id);\n\
                 CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS first_label ON public.first (label);\n\n\
                 -- Rollback:\n--   DROP INDEX CONCURRENTLY IF EXISTS public.first_label;\n--   DROP INDEX CONCURRENTLY IF EXISTS public.first_id;\n";
    let first = "-- A table.\nCREATE TABLE IF NOT EXISTS first (id int PRIMARY KEY, label text);\n\n\
                 -- Rollback:\n--   DROP TABLE first;\n--   -- Data loss: all rows.\n";
    let library = Library::of(&[
        ("2025_01_01_1_first.sql", first),
        ("2025_01_01_2_index.sql", index),
    ]);
    let to_first = Command::Up {
        to: Some("2025_01_01_1".parse().expect("a version")),
        strict: false,
        verify: false,
    };
    assert!(library.run(&database.url(), to_first).await.result.is_ok());
    let session = database.session().await;
    session
        .batch("INSERT INTO first VALUES (1, 'twice'), (2, 'twice')")
        .await;
    golden(
        "failure_without_transaction.txt",
        &mask(&library.run(&database.url(), up()).await.text(), &database),
    );
    session
        .batch("UPDATE first SET label = id; DROP INDEX first_label")
        .await;
    golden(
        "up_without_transaction.txt",
        &mask(&library.run(&database.url(), up()).await.text(), &database),
    );
    assert_eq!(
        names(&database).await,
        ["2025010101|first", "2025010102|index"]
    );
    session.close().await;
}

/// Whatever the role or the database says, a migration sees the same `search_path` and no time limit.
#[tokio::test]
async fn settings_of_role_and_database_do_not_reach_a_migration() {
    let database = Server::shared().database();
    let session = database.session().await;
    session
        .batch(&format!(
            "CREATE SCHEMA elsewhere; ALTER DATABASE {0} SET search_path TO elsewhere; ALTER DATABASE {0} SET statement_timeout TO '100ms'",
            database.name()
        ))
        .await;
    let library = Library::of(&[(
        "2025_01_01_1_first.sql",
        &step("CREATE TABLE first (id int);\nSELECT pg_sleep(0.3);"),
    )]);
    let ended = library.run(&database.url(), up()).await;
    assert!(ended.result.is_ok(), "{}", ended.text());
    assert_eq!(session.rows("SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('public', 'elsewhere') ORDER BY 2").await, ["public|first", "public|refinery_schema_history"]);
    session.close().await;
}

#[tokio::test]
async fn another_history_table_in_another_schema() {
    let database = Server::shared().database();
    let session = database.session().await;
    session.batch("CREATE SCHEMA \"Büro\"").await;
    let url = database.url();
    let variables = [
        ("DATABASE_URL", url.as_str()),
        ("DSENTR_MIGRATE_HISTORY_SCHEMA", "Büro"),
        ("DSENTR_MIGRATE_HISTORY_TABLE", "my \"history\""),
    ];
    let fails = step("SELECT nope;");
    let library = Library::of(&[
        ("2025_01_01_1_first.sql", &table("first")),
        ("2025_01_01_2_fails.sql", &fails),
    ]);
    // Characters of the history's name stand before those of the file in what is sent.
    let ended = library.run_with(&variables, up(), Format::Text).await;
    golden("failure_other_history.txt", &mask(&ended.text(), &database));
    let again = Library(&library.0[..1])
        .run_with(&variables, up(), Format::Text)
        .await;
    assert!(again.result.is_ok(), "{}", again.text());
    assert_eq!(
        session
            .rows("SELECT version, name FROM \"Büro\".\"my \"\"history\"\"\"")
            .await,
        ["2025010101|first"]
    );
    session.close().await;
}

/// A role that may do what the migration does and write the history needs no right to make tables.
#[tokio::test]
async fn a_role_without_create_applies_what_it_may() {
    let database = Server::shared().database();
    let first = table("first");
    let insert = step("INSERT INTO first VALUES (1);");
    let library = Library::of(&[
        ("2025_01_01_1_first.sql", &first),
        ("2025_01_01_2_row.sql", &insert),
    ]);
    let made = Library(&library.0[..1]).run(&database.url(), up()).await;
    assert!(made.result.is_ok(), "{}", made.text());
    let session = database.session().await;
    let writer = format!("writer_of_{}", database.name());
    session
        .batch(&format!(
            "CREATE ROLE {writer} LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC; \
             GRANT SELECT, INSERT ON refinery_schema_history, first TO {writer}"
        ))
        .await;
    let ended = library.run(&database.url_as(&writer), up()).await;
    assert!(ended.result.is_ok(), "{}", ended.text());
    assert_eq!(
        names(&database).await,
        ["2025010101|first", "2025010102|row"]
    );
    session
        .batch(&format!("DROP OWNED BY {writer}; DROP ROLE {writer}"))
        .await;
    session.close().await;
}

#[test]
fn a_reader_that_goes_away_does_not_stop_a_run() {
    let database = Server::shared().database();
    let mut run = dsentr(&["up"]).env("DATABASE_URL", &database.url());
    let mut child = run
        .command()
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("it starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stderr).as_ref()
        ),
        (Some(0), "")
    );
    let check = dsentr(&["status", "--check"])
        .env("DATABASE_URL", &database.url())
        .run();
    assert_eq!(check.code, Some(0));
}

/// One line a migration for machines: the event, and the span that says which one and how long it took.
#[test]
fn the_log_for_machines_has_a_span_a_migration() {
    let database = Server::shared().database();
    let run = dsentr(&["up", "--to", "2025_05_09_1", "--profile", "container"])
        .env("DATABASE_URL", &database.url())
        // A build that is not sealed would say that it cannot.
        .env("DSENTR_MIGRATE_UP_VERIFY", "false")
        .run();
    let lines = run.stderr.lines().map(|line| {
        let (_, rest) = line.split_once("\"level\"").unwrap_or_default();
        let (before, after) = rest.split_once("\"duration_ms\":").unwrap_or((rest, ""));
        let after = after.trim_start_matches(|c: char| c.is_ascii_digit());
        format!("\"level\"{before}\"duration_ms\":<time>{after}\n")
    });
    golden("log.jsonl", &lines.collect::<String>());
}
