//! `script` under the real psql: what it does, what it refuses, what is left when it is cut off, and what `up` makes of it.

mod support;

use std::fmt::Write as _;

use dsentr_migrate::cli::Command;
use dsentr_migrate::config::{Format, HistoryTable};
use dsentr_migrate::embedded::MIGRATIONS;
use dsentr_migrate::lock;
use sha2::{Digest, Sha256};
use support::catalogue::{self, assert_same};
use support::executable::{Run, dsentr};
use support::golden::golden;
use support::library::{Library, step, up};
use support::mask::mask;
use support::psql::psql;
use support::runners::assert_at_target;
use support::scenes::up_to;
use support::server::{Database, Role, Server, Session};

/// What `script` of the executable prints.
fn script(arguments: &[&str]) -> String {
    let run = dsentr(&[&["script"], arguments].concat()).run();
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    run.stdout
}

/// What `script` of other migrations prints.
async fn script_of(library: Library) -> String {
    let command = Command::Script {
        from: None,
        to: None,
        rollback: false,
        accept_data_loss: false,
    };
    let ended = library.run_with(&[], command, Format::Text).await;
    assert!(ended.result.is_ok(), "{}", ended.text());
    ended.stdout
}

fn run(script: &str, database: &Database<'_>) -> Run {
    psql(&["-X"], database).run(script)
}

fn dsentr_on(database: &Database<'_>, arguments: &[&str]) -> Run {
    dsentr(arguments).env("DATABASE_URL", &database.url()).run()
}

fn code_and_errors(run: &Run) -> (Option<i32>, &str) {
    (run.code, &run.stderr)
}

/// Everything in schema and history but the times, and the roles, which tests of other databases make too.
async fn state(session: &Session) -> (catalogue::Catalogue, Vec<String>) {
    let mut catalogue = catalogue::read_exactly(session).await;
    let is_of_roles = |object: &str| {
        ["role ", "member ", "comment on role "]
            .iter()
            .any(|kind| object.starts_with(kind))
    };
    catalogue.retain(|object, _| !is_of_roles(object));
    let history = "SELECT version, name, checksum FROM refinery_schema_history ORDER BY version";
    (catalogue, session.rows(history).await)
}

#[tokio::test]
async fn an_empty_database_becomes_what_up_makes_of_it() {
    let server = Server::shared();
    let database = server.owned_database(Role::Owner);
    let script = script(&[]);
    let first = run(&script, &database);
    assert_eq!(code_and_errors(&first), (Some(0), ""));
    golden("script_run.txt", &first.text());
    golden("script_run_again.txt", &run(&script, &database).text());
    golden(
        "up_again.txt",
        &mask(
            &dsentr_on(&database, &["up"])
                .text()
                .replace(database.user(), "postgres"),
            &database,
        ),
    );
    assert_eq!(dsentr_on(&database, &["verify"]).code, Some(0));
    let other = server.owned_database(Role::Owner);
    assert_eq!(dsentr_on(&other, &["up"]).code, Some(0));
    let (ours, theirs) = (database.session().await, other.session().await);
    let (ours_catalogue, ours_history) = state(&ours).await;
    let (theirs_catalogue, theirs_history) = state(&theirs).await;
    let as_other = |text: &str| text.replace(database.user(), other.user());
    let ours_catalogue = ours_catalogue
        .iter()
        .map(|(object, definition)| (as_other(object), as_other(definition)))
        .collect();
    assert_same("psql's schema", &theirs_catalogue, &ours_catalogue);
    assert_eq!(ours_history, theirs_history);
    let columns = "SELECT column_name, data_type, is_nullable, character_maximum_length FROM information_schema.columns \
                   WHERE table_name = 'refinery_schema_history' ORDER BY ordinal_position";
    assert_eq!(ours.rows(columns).await, theirs.rows(columns).await);
    // As the stock crate reads it, which ends itself over any other form.
    let applied_on = "SELECT applied_on FROM refinery_schema_history";
    for time in ours.rows(applied_on).await {
        let parsed =
            time::OffsetDateTime::parse(&time, &time::format_description::well_known::Rfc3339);
        assert!(parsed.is_ok(), "{time}");
    }
    let locks = "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database \
                 WHERE locktype = 'advisory' AND datname = current_database()";
    assert_eq!(ours.value(locks).await, "0");
}

/// Whoever starts psql, and however it was set up.
#[tokio::test]
async fn it_does_not_matter_how_psql_is_set_up() {
    let server = Server::shared();
    let script = script(&["--to", "2025_10_16_2"]);
    let plain = server.database();
    assert_eq!(code_and_errors(&run(&script, &plain)), (Some(0), ""));
    let expected = state(&plain.session().await).await;
    let variables = [
        "ON_ERROR_STOP=off",
        "AUTOCOMMIT=off",
        "ON_ERROR_ROLLBACK=on",
        "FETCH_COUNT=2",
        "users=nonsense",
        "text=nonsense",
        "dsentr_pending=nonsense",
    ];
    let mut flags = vec!["-S", "-e"];
    flags.extend(variables.iter().flat_map(|variable| ["-v", variable]));
    let rc = "\\set ON_ERROR_STOP off\n\\set AUTOCOMMIT off\n\\set ECHO all\n\\timing on\n\\pset format html\n";
    for way in ["stdin", "flags", "psqlrc", "settings", "latin1"] {
        let database = server.database();
        let run = match way {
            "stdin" => psql(&["-X"], &database).read(&script),
            "flags" => psql(&flags, &database).run(&script),
            "psqlrc" => psql(&[], &database).file(".psqlrc", rc).run(&script),
            "latin1" => psql(&["-X"], &database)
                .env("PGCLIENTENCODING", "LATIN1")
                .run(&script),
            _ => psql(&["-X"], &database)
                .env(
                    "PGOPTIONS",
                    "-c search_path=pg_catalog -c standard_conforming_strings=off -c statement_timeout=1min \
                     -c default_transaction_isolation=serializable",
                )
                .run(&script),
        };
        assert_eq!(run.code, Some(0), "{way}: {}", run.text());
        let (catalogue, history) = state(&database.session().await).await;
        assert_same(way, &expected.0, &catalogue);
        assert_eq!(history, expected.1, "{way}");
    }
}

#[tokio::test]
async fn a_database_at_any_version_is_brought_to_the_target() {
    let database = Server::shared().database();
    up_to(&database, "2025_10_11_1");
    let ran = run(&script(&[]), &database);
    assert_eq!(code_and_errors(&ran), (Some(0), ""));
    assert!(
        ran.stdout
            .starts_with("to apply: 28\napplies 2025_10_14_1_create_workspaces\n"),
        "{}",
        ran.stdout
    );
    assert_at_target(&database).await;
    // One that ends before where the database is has nothing to do.
    assert_eq!(
        run(&script(&["--to", "2025_10_11_1"]), &database).text(),
        "nothing to do: the database is at 2025_12_03_1\n[exit 0]\n"
    );
}

#[tokio::test]
async fn exactly_one_way_begins_at_its_start_alone() {
    let database = Server::shared().database();
    let exact = script(&["--from", "2025_10_11_1", "--to", "2025_10_15_3"]);
    let mut text = String::new();
    let mut played = |what: &str, run: &Run| {
        writeln!(text, "# {what}\n{}", run.text()).expect("a String takes everything");
    };
    let session = database.session().await;
    let tables = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace";
    played("no history", &run(&exact, &database));
    assert_eq!(session.value(tables).await, "0");
    up_to(&database, "2025_10_10_1");
    played("before its start", &run(&exact, &database));
    up_to(&database, "2025_10_11_1");
    played("at its start", &run(&exact, &database));
    played("at its end", &run(&exact, &database));
    session
        .batch("DELETE FROM refinery_schema_history WHERE version = 2025101503")
        .await;
    played("in between", &run(&exact, &database));
    session
        .batch("INSERT INTO refinery_schema_history VALUES (2025101503, 'x', '', '0')")
        .await;
    golden("script_exact.txt", &text);
    let versions = "SELECT count(*), max(version) FROM refinery_schema_history";
    assert_eq!(session.value(versions).await, "30|2025101503");
}

/// What is wrong is told in the words of `up`.
#[tokio::test]
async fn a_history_that_disagrees_is_refused_as_up_refuses_it() {
    let database = Server::shared().database();
    up_to(&database, "2025_10_11_1");
    let session = database.session().await;
    session
        .batch(
            "UPDATE refinery_schema_history SET checksum = '1' WHERE version = 2025050901;
             UPDATE refinery_schema_history SET name = 'other' WHERE version = 2025051101;
             UPDATE refinery_schema_history SET name = NULL WHERE version = 2025051201;
             UPDATE refinery_schema_history SET checksum = NULL WHERE version = 2025051202;
             DELETE FROM refinery_schema_history WHERE version = 2025100401;
             INSERT INTO refinery_schema_history VALUES (2025051001, 'unknown', '', ''), (7, 'seven', '', ''), (8, NULL, NULL, NULL)",
        )
        .await;
    let before = state(&session).await;
    let refused = run(&script(&[]), &database);
    golden("script_disagreement.txt", &refused.text());
    assert!(state(&session).await == before);
    let listed = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| line.starts_with("  "));
        lines
            .map(|line| line.replace("this binary", "this file"))
            .collect()
    };
    let by_up = dsentr_on(&database, &["up"]).stderr;
    assert_eq!(listed(&refused.stderr), listed(&by_up));
    // What is newer than all that is embedded is of a newer binary, and in nobody's way.
    let database = Server::shared().database();
    assert_eq!(dsentr_on(&database, &["up"]).code, Some(0));
    let session = database.session().await;
    session
        .batch("INSERT INTO refinery_schema_history VALUES (2030010101, 'later', '', '')")
        .await;
    assert_eq!(
        run(&script(&[]), &database).text(),
        "nothing to do: the database is at 2030_01_01_1\n[exit 0]\n"
    );
}

#[tokio::test]
async fn a_schema_without_its_history_is_left_alone() {
    let database = Server::shared().database();
    up_to(&database, "2025_05_12_2");
    let session = database.session().await;
    session.batch("DROP TABLE refinery_schema_history").await;
    let before = catalogue::read_exactly(&session).await;
    golden("script_untracked.txt", &run(&script(&[]), &database).text());
    let after = catalogue::read_exactly(&session).await;
    assert_same("a schema without its history", &before, &after);
    session.close().await;
}

#[tokio::test]
async fn a_failure_in_the_middle_leaves_nothing_half_done() {
    let server = Server::shared();
    for goes_on in ["psql", "up"] {
        let database = server.database();
        // In a database without a history it would not be begun.
        up_to(&database, "2025_05_08_1");
        let session = database.session().await;
        session
            .batch("CREATE TABLE workspace_invitations (in_the_way int)")
            .await;
        let script = script(&[]);
        let failed = run(&script, &database);
        golden("script_failed.txt", &last_lines(&failed.text(), 4));
        let position = "SELECT count(*), max(version) FROM refinery_schema_history";
        assert_eq!(session.value(position).await, "28|2025101401");
        session.batch("DROP TABLE workspace_invitations").await;
        let ended = match goes_on {
            "psql" => run(&script, &database),
            _ => dsentr_on(&database, &["up"]),
        };
        assert_eq!(code_and_errors(&ended), (Some(0), ""), "{goes_on}");
        assert_at_target(&database).await;
    }
}

fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    format!(
        "{}\n",
        lines[lines.len().saturating_sub(count)..].join("\n")
    )
}

#[tokio::test]
async fn a_lock_that_is_held_and_a_transaction_around_it_are_refused() {
    let server = Server::shared();
    let database = server.database();
    let script = script(&[]);
    let session = database.session().await;
    let history = HistoryTable {
        schema: "public".to_owned(),
        table: "refinery_schema_history".to_owned(),
    };
    let key = lock::key(&history);
    session
        .batch(&format!(
            "SET application_name TO 'another runner'; SELECT pg_advisory_lock({key})"
        ))
        .await;
    let pid = session.value("SELECT pg_backend_pid()").await;
    let refused = run(&script, &database)
        .text()
        .replace(&format!("pid {pid}"), "pid <pid>");
    golden("script_locked.txt", &mask(&refused, &database));
    session
        .batch(&format!("SELECT pg_advisory_unlock({key})"))
        .await;
    golden(
        "script_in_a_transaction.txt",
        &psql(&["-X", "-1"], &database).run(&script).text(),
    );
    let tables = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace";
    assert_eq!(session.value(tables).await, "0");
    assert_eq!(run(&script, &database).code, Some(0));
}

#[test]
fn the_wrong_database_and_a_server_without_writes_are_refused() {
    let server = Server::of_its_own();
    let database = server.database();
    let wrong = run(&script(&["--database", "it's another"]), &database).text();
    golden("script_wrong_database.txt", &mask(&wrong, &database));
    let right = script(&["--database", database.name()]);
    let read_only = psql(&["-X"], &database)
        .env("PGOPTIONS", "-c default_transaction_read_only=on")
        .run(&right)
        .text();
    golden("script_read_only.txt", &read_only);
    assert_eq!(run(&right, &database).code, Some(0));
}

/// Beside others of its kind, and beside `up`: whoever is late changes nothing.
#[tokio::test]
async fn several_at_once_do_no_harm() {
    let database = Server::shared().database();
    let script = script(&[]);
    std::thread::scope(|scope| {
        for late in [false, true, false] {
            scope.spawn(|| {
                let run = run(&script, &database);
                let is_refused = run.stderr.contains("another run holds the migration lock");
                assert!(run.code == Some(0) || is_refused, "{}", run.text());
            });
            if late {
                scope.spawn(|| assert_eq!(dsentr_on(&database, &["up"]).code, Some(0)));
            }
        }
    });
    assert_at_target(&database).await;
}

/// Each literal that psql gets is a file, byte for byte.
#[test]
fn the_files_stand_in_it_as_they_are() {
    let script = script(&[]);
    for migration in MIGRATIONS {
        let title = format!("\n-- {}\n", migration.path());
        let (_, after) = script.split_once(&title).expect("each has its title");
        let (_, text) = after
            .split_once("SELECT $dsentr$")
            .expect("each has a literal");
        let (text, _) = text
            .split_once("$dsentr$ \\gexec\n")
            .expect("the literal ends");
        assert_eq!(
            Sha256::digest(text)[..],
            migration.sha256,
            "{}",
            migration.stem
        );
    }
}

#[test]
fn it_is_the_same_to_the_byte_and_looks_at_no_connection() {
    let expected = script(&["--from", "2025_10_11_1"]);
    let wrong = dsentr(&[
        "script",
        "--from",
        "2025_10_11_1",
        "--port",
        "none",
        "--database-url",
        "nonsense",
        "--config",
        "wrong.toml",
        "--output",
        "json",
    ])
    .file(
        "wrong.toml",
        "[database]\nport = \"none\"\nurl = 7\nno_such_key = 1\n",
    )
    .env("PGPORT", "none")
    .env("PGSERVICE", "none")
    .env("PGSSLMODE", "none")
    .env("DATABASE_URL", "none")
    .env("DATABASE_URL_FILE", "/none")
    .env("DSENTR_MIGRATE_DATABASE_PORT", "none")
    .env("TZ", "America/New_York")
    .run();
    assert_eq!(wrong.text(), format!("{expected}[exit 0]\n"));
}

#[test]
fn the_command_line() {
    let mut text = String::new();
    let mut tell = |arguments: &[&str]| {
        let run = dsentr(arguments).run();
        writeln!(
            text,
            "$ dsentr-migrate {}\n{}",
            arguments.join(" "),
            run.text()
        )
        .expect("a String takes everything");
    };
    tell(&["script", "--help"]);
    tell(&["script", "--from", "2025_10_12_1"]);
    tell(&["script", "--from", "2025_12_03_1"]);
    tell(&["script", "--from", "2025_10_14_1", "--to", "2025_10_11_1"]);
    tell(&["script", "--to", "yesterday"]);
    tell(&["script", "--to", "0"]);
    tell(&["script", "--rollback"]);
    tell(&["script", "--accept-data-loss"]);
    tell(&["script", "--rollback", "--to", "2025_12_03_1"]);
    tell(&["script", "--rollback", "--to", "2025_11_26_2"]);
    golden("script_command_line.txt", &text);
}

/// Everything that psql reads in another way than the server, where it reads it at all.
const NASTY: &str = r#"-- Of interest to psql: \d \q :users ' " $$ /* not closed
-- Not rerunnable: it need not be.
CREATE TABLE nasty (id int, t text, a int[]);
/* a comment /* in a comment */ ; ' \q :t $x$ */
INSERT INTO nasty (t) VALUES (':t'), (':''t'''), ('\q'), (E'it\'s \\ ; \n'), ('\\'), ($$a;b'\$$), ($dsentr$x$dsentr$), (U&'\0041');
INSERT INTO nasty (a) VALUES (ARRAY[1,2,3]);
INSERT INTO nasty (id) SELECT (a[1:id])[1] FROM (SELECT a, 2 AS id FROM nasty WHERE a IS NOT NULL) AS t;
CREATE FUNCTION nasty() RETURNS text LANGUAGE plpgsql AS $dsentr1$
BEGIN
    -- \if false
    RETURN ':t' || '\endif' || $q$;$q$;
END
$dsentr1$;
CREATE TABLE "we;ird \ :t 'name" ("a "" b" text DEFAULT 'é🙂');
INSERT INTO "we;ird \ :t 'name" DEFAULT VALUES;
SELECT nasty(), 1 AS "\gset", 'x'::text AS t;
DO $$ BEGIN PERFORM 1; END $$;

-- Rollback:
--   DROP TABLE "we;ird \ :t 'name";
--   DROP FUNCTION nasty();
--   DROP TABLE nasty;
--   -- Data loss: all of it.
"#;

/// A body whose semicolons psql knows since version 14, and the server too.
const ATOMIC: &str =
    "CREATE FUNCTION atomic() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END;";

#[tokio::test]
async fn what_psql_reads_in_another_way_reaches_the_server_as_it_is() {
    let server = Server::shared();
    let (ours, theirs) = (server.database(), server.database());
    let version = "SHOW server_version_num";
    let version = ours.session().await.value(version).await;
    let atomic = if version.starts_with("13") {
        step("CREATE FUNCTION atomic() RETURNS int LANGUAGE sql AS 'SELECT 2';")
    } else {
        step(ATOMIC)
    };
    let library = Library::of(&[
        ("2025_01_01_1_nasty.sql", NASTY),
        ("2025_01_01_2_atomic.sql", &atomic),
    ]);
    let script = script_of(library).await;
    let variables = ["-X", "-v", "t=no", "-v", "id=no", "-v", "users=no"];
    let ran = psql(&variables, &ours).run(&script);
    assert_eq!(code_and_errors(&ran), (Some(0), ""));
    let ended = library.run(&theirs.url(), up()).await;
    assert!(ended.result.is_ok(), "{}", ended.text());
    let rows = "SELECT to_jsonb(n)::text FROM nasty n UNION ALL SELECT to_jsonb(w)::text FROM \"we;ird \\ :t 'name\" w \
                UNION ALL SELECT nasty() UNION ALL SELECT atomic()::text ORDER BY 1";
    let (ours_session, theirs_session) = (ours.session().await, theirs.session().await);
    assert_eq!(
        ours_session.rows(rows).await,
        theirs_session.rows(rows).await
    );
    let (ours_catalogue, ours_history) = state(&ours_session).await;
    let (theirs_catalogue, theirs_history) = state(&theirs_session).await;
    assert_same("nasty", &theirs_catalogue, &ours_catalogue);
    assert_eq!(ours_history, theirs_history);
    // Where it is skipped, psql reads it all the same.
    let again = psql(&variables, &ours).run(&script);
    assert_eq!(
        again.text(),
        "nothing to do: the database is at 2025_01_01_2\n[exit 0]\n"
    );
}

fn rollback(arguments: &[&str]) -> String {
    script(&[&["--rollback", "--accept-data-loss"], arguments].concat())
}

#[tokio::test]
async fn the_way_back_leads_where_up_would_have_stopped() {
    let server = Server::shared();
    let (database, other) = (server.database(), server.database());
    assert_eq!(dsentr_on(&database, &["up"]).code, Some(0));
    let back = rollback(&["--to", "2025_11_26_2"]);
    golden("script_back.txt", &run(&back, &database).text());
    golden("script_back_again.txt", &run(&back, &database).text());
    up_to(&other, "2025_11_26_2");
    let (ours, theirs) = (database.session().await, other.session().await);
    let (ours_catalogue, ours_history) = state(&ours).await;
    let (theirs_catalogue, theirs_history) = state(&theirs).await;
    assert_same("taken back by psql", &theirs_catalogue, &ours_catalogue);
    assert_eq!(ours_history, theirs_history);
    assert_eq!(dsentr_on(&database, &["verify"]).code, Some(0));
    assert_eq!(dsentr_on(&database, &["up"]).code, Some(0));
    assert_at_target(&database).await;
}

#[tokio::test]
async fn everything_is_taken_back() {
    // Roles are everybody's on a server.
    let server = Server::of_its_own();
    let database = server.owned_database(Role::OwnerWithCreateRole);
    let session = database.session().await;
    let empty = catalogue::read_exactly(&session).await;
    assert_eq!(run(&script(&[]), &database).code, Some(0));
    let ran = run(&rollback(&["--to", "0"]), &database);
    assert_eq!(code_and_errors(&ran), (Some(0), ""));
    assert!(
        ran.stdout
            .ends_with("done: the database is at no version\n"),
        "{}",
        ran.stdout
    );
    let catalogue = catalogue::read_exactly(&session).await;
    assert_same("everything taken back", &empty, &catalogue);
    assert_eq!(state(&session).await.1, [""; 0]);
    assert_eq!(
        run(&rollback(&["--to", "0"]), &database).text(),
        "nothing to do: the database is at no version\n[exit 0]\n"
    );
    assert_eq!(dsentr_on(&database, &["up"]).code, Some(0));
}

#[tokio::test]
async fn the_way_back_is_refused_where_it_does_not_begin() {
    let database = Server::shared().database();
    let exact = rollback(&["--from", "2025_10_15_3", "--to", "2025_10_11_1"]);
    let any = rollback(&["--to", "2025_10_11_1"]);
    let mut text = String::new();
    let mut played = |what: &str, run: &Run| {
        writeln!(text, "# {what}\n{}", run.text()).expect("a String takes everything");
    };
    played("exact, no history", &run(&exact, &database));
    played("any, no history", &run(&any, &database));
    played(
        "everything, no history",
        &run(&rollback(&["--to", "0"]), &database),
    );
    up_to(&database, "2025_10_10_1");
    played("exact, before its end", &run(&exact, &database));
    played("any, before its end", &run(&any, &database));
    up_to(&database, "2025_10_16_2");
    played("exact, after its start", &run(&exact, &database));
    let session = database.session().await;
    session
        .batch("INSERT INTO refinery_schema_history VALUES (2030010101, 'later', '', '')")
        .await;
    let before = state(&session).await;
    played("any, ahead", &run(&any, &database));
    assert!(state(&session).await == before);
    golden("script_back_refused.txt", &text);
}

#[tokio::test]
async fn a_failure_on_the_way_back_leaves_nothing_half_done() {
    let database = Server::shared().database();
    assert_eq!(dsentr_on(&database, &["up"]).code, Some(0));
    let session = database.session().await;
    session
        .batch("CREATE VIEW in_the_way AS SELECT * FROM stripe_event_log")
        .await;
    let back = rollback(&["--to", "2025_11_24_1"]);
    golden("script_back_failed.txt", &run(&back, &database).text());
    let position = "SELECT count(*), max(version) FROM refinery_schema_history";
    assert_eq!(session.value(position).await, "52|2025112602");
    session.batch("DROP VIEW in_the_way").await;
    assert_eq!(code_and_errors(&run(&back, &database)), (Some(0), ""));
    assert_eq!(session.value(position).await, "50|2025112401");
}

/// How it reads, and that nothing but what its file says is destroyed.
#[tokio::test]
async fn the_file_back() {
    let library = Library::of(&[
        ("2025_01_01_1_nasty.sql", NASTY),
        (
            "2025_01_01_2_plain.sql",
            "-- Nothing.\nSELECT 1;\n\n-- Nothing to undo: it changes nothing.\n",
        ),
    ]);
    let command = Command::Script {
        from: None,
        to: Some(dsentr_migrate::cli::Floor(None)),
        rollback: true,
        accept_data_loss: true,
    };
    let back = library.run_with(&[], command, Format::Text).await.stdout;
    let version = format!("dsentr-migrate {}", env!("CARGO_PKG_VERSION"));
    golden("script_back.sql", &back.replace(&version, "dsentr-migrate"));
    let database = Server::shared().database();
    let forward = run(&script_of(library).await, &database);
    assert_eq!(code_and_errors(&forward), (Some(0), ""));
    assert_eq!(code_and_errors(&run(&back, &database)), (Some(0), ""));
}
