//! Migrations that are sent before it is known what became of those before them: the run ends as it would one by one.

mod support;

use std::time::Duration;

use dsentr_migrate::cli::Command;
use dsentr_migrate::config::Format;
use support::golden::golden;
use support::library::{Library, step, up};
use support::mask::mask;
use support::proxy::Proxy;
use support::server::{Database, Server, Session};

/// One way of a packet, long enough for all that a run sends without waiting to arrive before the first answer does.
const FAR: Duration = Duration::from_millis(100);

/// So many migrations, each of which makes a table of its own, or what is said instead of one.
fn migrations(count: usize, instead: &[(usize, &str)]) -> Library {
    let files: Vec<(String, String)> = (1..=count)
        .map(|number| {
            let own = format!("CREATE TABLE table_{number} (id int PRIMARY KEY);");
            let other = instead.iter().find(|(other, _)| *other == number);
            let forward = other.map_or(own.as_str(), |(_, forward)| forward);
            (name(number), step(forward))
        })
        .collect();
    Library::of_made(&files)
}

/// Twenty a day.
fn name(number: usize) -> String {
    let (day, counter) = ((number - 1) / 20, (number - 1) % 20 + 1);
    let (month, day) = (day / 28 + 1, day % 28 + 1);
    format!("2025_{month:02}_{day:02}_{counter:02}_table.sql")
}

/// The numbers of the tables that are there, and whether the history has as many rows as there should be with them.
async fn tables(session: &Session) -> Vec<String> {
    session
        .rows("SELECT relname FROM pg_class WHERE relkind = 'r' AND relname LIKE 'table\\_%' ORDER BY length(relname), relname")
        .await
}

fn made(numbers: impl Iterator<Item = usize>) -> Vec<String> {
    numbers.map(|number| format!("table_{number}")).collect()
}

async fn flights(library: Library, database: &Database<'_>) -> u64 {
    let proxy = Proxy::with_delay(database.server().port(), FAR);
    let ended = library.run(&database.url_through(proxy.port()), up()).await;
    assert!(ended.result.is_ok(), "{}", ended.text());
    proxy.startup_flights() + proxy.flights()
}

#[tokio::test]
async fn however_many_they_are_they_take_the_same_round_trips() {
    for count in [1, 10, 300] {
        let database = Server::shared().database();
        assert_eq!(
            flights(migrations(count, &[]), &database).await,
            6,
            "{count}"
        );
        let session = database.session().await;
        assert_eq!(tables(&session).await, made(1..=count));
        session.close().await;
    }
}

/// Whatever a migration fails at, those behind it were sent already: as one message each on a database that was never
/// migrated, and statement by statement on another.
#[tokio::test]
async fn nothing_behind_a_failure_is_applied() {
    let cases = [
        (
            "at_a_statement",
            "CREATE TABLE table_3 (id int);\nSELECT nope;",
        ),
        // The server counts characters from where the message begins.
        (
            "at_a_place",
            "CREATE TABLE table_3 (id int); COMMENT ON TABLE table_3 IS 'déjà vu: 表';\nSELECT 'naïve', nope;",
        ),
        // It reads a whole message before it does any of it.
        (
            "at_a_word",
            "CREATE TABLE table_3 (id int);\nSELECT * FROM table_3 CROSS JOIN GRAPH_TABLE (g MATCH (a) COLUMNS (a.id));",
        ),
        (
            "at_commit",
            "CREATE TABLE table_3 (id int REFERENCES table_1 DEFERRABLE INITIALLY DEFERRED);\nINSERT INTO table_3 VALUES (7);",
        ),
        // As whatever a migration of its own says to the history.
        (
            "at_a_key",
            "INSERT INTO table_1 VALUES (1);\nINSERT INTO table_1 VALUES (1);",
        ),
        // The words and the code of the guard itself.
        (
            "at_a_cast",
            "SELECT CAST('the history is not as the step before left ' || 'it' AS integer);",
        ),
    ];
    for (case, fails) in cases {
        for applied in [0, 1] {
            let database = Server::shared().database();
            let url = database.url();
            let ended = migrations(applied, &[]).run(&url, up()).await;
            assert!(ended.result.is_ok(), "{}", ended.text());
            let ended = migrations(40, &[(3, fails)]).run(&url, up()).await;
            golden(
                &format!("pipeline_{case}_behind_{applied}.txt"),
                &mask(&ended.text(), &database),
            );
            let session = database.session().await;
            assert_eq!(tables(&session).await, made(1..=2), "{case}");
            let history = session
                .rows("SELECT version FROM refinery_schema_history ORDER BY 1")
                .await;
            assert_eq!(history, ["2025010101", "2025010102"], "{case}");
            session.close().await;
        }
    }
}

#[tokio::test]
async fn nothing_behind_the_target_is_sent() {
    let database = Server::shared().database();
    let to = Command::Up {
        to: Some("2025_01_01_7".parse().expect("a version")),
        strict: false,
        verify: false,
    };
    let ended = migrations(40, &[]).run(&database.url(), to).await;
    assert!(ended.result.is_ok(), "{}", ended.text());
    let session = database.session().await;
    assert_eq!(tables(&session).await, made(1..=7));
    session.close().await;
}

/// More goes back than both sides keep for a peer that does not read, while more is sent than they keep.
#[tokio::test]
async fn a_server_that_answers_at_length_is_listened_to_meanwhile() {
    let database = Server::shared().database();
    let answers = "SELECT repeat('answer', 200000);\n".repeat(5);
    let question = format!("SELECT '{}';\n{answers}", "question".repeat(40_000));
    let long: Vec<(usize, &str)> = (1..=20).map(|number| (number, question.as_str())).collect();
    let run = migrations(30, &long);
    let url = database.url();
    let run = run.run(&url, up());
    let ended = tokio::time::timeout(Duration::from_mins(1), run).await;
    let ended = ended.expect("nobody waits for the other");
    assert!(ended.result.is_ok(), "{}", ended.text());
    let session = database.session().await;
    assert_eq!(tables(&session).await, made(21..=30));
    session.close().await;
}

/// Another runner, which holds no lock that we respect, takes a step in the middle of those that were sent, and stays with
/// that one: none of ours is built on his.
#[tokio::test]
async fn what_was_sent_behind_another_runners_step_is_planned_anew() {
    let database = Server::shared().database();
    let library = migrations(8, &[(2, "SELECT pg_advisory_xact_lock(1);")]);
    let (holder, other) = (database.session().await, database.session().await);
    holder.batch("SELECT pg_advisory_lock(1)").await;
    let url = database.url();
    let overtake = async {
        let waits = "SELECT count(*) > 0 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted \
             AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
        holder.until(waits, "t").await;
        other
            .batch(&format!(
                "BEGIN; INSERT INTO refinery_schema_history VALUES (2025010103, 'table', 'then', '{}'); CREATE TABLE table_3 (id int)",
                library.0[2].checksum
            ))
            .await;
        holder.batch("SELECT pg_advisory_unlock(1)").await;
        holder
            .until("SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'transactionid'", "t")
            .await;
        other.batch("COMMIT").await;
    };
    let (ended, ()) = tokio::join!(library.run(&url, up()), overtake);
    assert!(ended.result.is_ok(), "{}", ended.text());
    golden("pipeline_overtaken.txt", &mask(&ended.text(), &database));
    let mut expected = made(1..=8);
    expected.remove(1);
    assert_eq!(tables(&other).await, expected);
    holder.close().await;
    other.close().await;
}

/// Those behind a migration that does not get its table lock are sent again once it has got it, and not before.
#[tokio::test]
async fn what_was_sent_behind_a_blocked_migration_is_sent_again() {
    let database = Server::shared().database();
    let tries = "SELECT nextval('tries');\nALTER TABLE busy ADD COLUMN c int;";
    let behind = "SELECT nextval('behind');\nCREATE TABLE table_4 (id int);";
    let library = migrations(6, &[(3, tries), (4, behind)]);
    let (session, blocker) = (database.session().await, database.session().await);
    session
        .batch("CREATE SEQUENCE tries; CREATE SEQUENCE behind; CREATE TABLE busy ()")
        .await;
    blocker.batch("BEGIN; LOCK TABLE busy").await;
    let url = database.url();
    let variables = [
        ("DATABASE_URL", url.as_str()),
        ("DSENTR_MIGRATE_TABLE_LOCK_TIMEOUT", "50ms"),
    ];
    let release = async {
        // What a sequence has given is not rolled back.
        session
            .until("SELECT last_value >= 3 FROM tries", "t")
            .await;
        assert_eq!(tables(&session).await, made(1..=2));
        blocker.batch("COMMIT").await;
    };
    let (ended, ()) = tokio::join!(library.run_with(&variables, up(), Format::Text), release);
    golden("pipeline_blocked.txt", &mask(&ended.text(), &database));
    let behind = session
        .value("SELECT last_value || ' ' || is_called FROM behind")
        .await;
    assert_eq!(
        behind, "1 true",
        "it was refused before its first statement"
    );
    session.close().await;
    blocker.close().await;
}

/// Requests to cancel come at any moment, also where the transaction of a migration is not begun yet: what was sent of it
/// is not to be done without one.
#[tokio::test]
async fn cancelled_at_any_moment_nothing_is_done_outside_of_a_transaction() {
    let database = Server::shared().database();
    let library = migrations(200, &[]);
    let (session, canceller) = (database.session().await, database.session().await);
    let url = database.url();
    let cancel = async {
        loop {
            canceller
                .rows("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%CREATE TABLE table_%' AND pid <> pg_backend_pid()")
                .await;
        }
    };
    let runs = async {
        for _ in 0..300 {
            let ended = library.run(&url, up()).await;
            let rows = session
                .value("SELECT coalesce(to_regclass('refinery_schema_history')::text, '')")
                .await;
            if !rows.is_empty() {
                let rows = session
                    .value("SELECT count(*) FROM refinery_schema_history")
                    .await;
                let tables = tables(&session).await;
                assert_eq!(tables.len().to_string(), rows, "{}", ended.text());
            }
            if ended.result.is_ok() {
                return;
            }
        }
    };
    tokio::select! {
        () = runs => {}
        () = cancel => {}
    }
    session.close().await;
}

/// What that rests on.
#[tokio::test]
async fn what_stands_beside_a_savepoint_is_refused_outside_of_a_transaction() {
    let database = Server::shared().database();
    let session = database.session().await;
    let refused = session
        .try_batch("CREATE TABLE table_1 ()\n;SAVEPOINT one;RELEASE SAVEPOINT one")
        .await;
    assert_eq!(
        refused.expect_err("it is refused"),
        "SAVEPOINT can only be used in transaction blocks"
    );
    assert_eq!(tables(&session).await, Vec::<String>::new());
    session.close().await;
}
