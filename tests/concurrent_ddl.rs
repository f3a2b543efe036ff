//! Reading the schema while others change it: every result is one that was true at a moment.
//!
//! `DSENTR_TEST_READS` says how often the schema is read; by default so often that each loop has come round a few times.

mod support;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use dsentr_migrate::cli::Command;
use dsentr_migrate::config::Format;
use support::library::{Library, step, up};
use support::sealing::sealed;
use support::server::{Database, Server, Session, describe};

const VERIFY: Command = Command::Verify {
    others: false,
    sql: false,
};

/// Between two rounds of one loop.
const BETWEEN_ROUNDS: Duration = Duration::from_millis(20);

/// How often the schema is read.
fn reads() -> usize {
    match std::env::var("DSENTR_TEST_READS") {
        Ok(reads) => reads.parse().expect("DSENTR_TEST_READS is a number"),
        Err(_) => 15,
    }
}

#[tokio::test]
async fn others_may_build_indexes_and_make_tables_at_the_same_time() {
    let server = Server::of_its_own();
    let library = library(&server).await;
    let database = server.database();
    let ended = library.run(&database.url(), up()).await;
    assert!(ended.result.is_ok(), "{}", ended.text());
    let drifted = server.copy_of(&database);
    let session = drifted.session().await;
    session.batch("DROP INDEX busy_a").await;

    let stop = AtomicBool::new(false);
    let rounds = [AtomicUsize::new(0), AtomicUsize::new(0)];
    let disturb = async |database: &Database<'_>| {
        let reindex = forever(
            database,
            "REINDEX TABLE CONCURRENTLY busy",
            &stop,
            &rounds[0],
        );
        let statements = "CREATE TABLE passing (id serial PRIMARY KEY, at timestamptz DEFAULT now()); \
             CREATE INDEX ON passing (at); COMMENT ON TABLE passing IS 'not for long'|DROP TABLE passing";
        let tables = forever(database, statements, &stop, &rounds[1]);
        tokio::join!(reindex, tables);
    };
    let read = async {
        let mut wrong = Vec::new();
        for _ in 0..reads() {
            let clean = verify(library, &database).await;
            if !clean.is_empty() && clean != ["extra table passing"] {
                wrong.push(clean);
            }
            let drift = verify(library, &drifted).await;
            let with_table = ["absent index busy.busy_a", "extra table passing"];
            if drift != with_table[..1] && drift != with_table {
                wrong.push(drift);
            }
        }
        stop.store(true, Ordering::Relaxed);
        wrong
    };
    let (wrong, (), ()) = tokio::join!(read, disturb(&database), disturb(&drifted));
    assert_eq!(wrong, Vec::<Vec<String>>::new());
    let rounds = rounds.map(|rounds| rounds.load(Ordering::Relaxed));
    assert!(rounds.iter().all(|rounds| *rounds > 2), "{rounds:?}");
    println!(
        "{} reads beside {} rebuilt indexes and {} tables",
        2 * reads(),
        rounds[0],
        rounds[1]
    );
}

/// While an index is built it is reported, and is no drift; what a build has left behind is.
#[tokio::test]
async fn an_index_that_is_being_built_is_no_drift() {
    let server = Server::of_its_own();
    let library = library(&server).await;
    let database = server.database();
    let ended = library.run(&database.url(), up()).await;
    assert!(ended.result.is_ok(), "{}", ended.text());

    // It waits for this transaction, which may still look at the table.
    let reader = database.session().await;
    reader
        .batch("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM busy")
        .await;
    let builder = database.session().await;
    let pid = builder.value("SELECT pg_backend_pid()").await;
    let building = builder.try_batch("CREATE INDEX CONCURRENTLY later ON busy (b)");
    let look = async {
        let observer = database.session().await;
        let waits = format!(
            "SELECT count(*) FROM pg_stat_progress_create_index WHERE pid = {pid} AND phase LIKE 'waiting%'"
        );
        observer.until(&waits, "1").await;
        let report = report(library, &database).await;
        assert_eq!(
            report["building"],
            serde_json::json!({"index busy.later": "btree (b) INVALID"})
        );
        assert_eq!(report["differences"], serde_json::json!([]));
        observer
            .batch(&format!("SELECT pg_cancel_backend({pid})"))
            .await;
    };
    let (built, ()) = tokio::join!(building, look);
    assert!(built.is_err(), "it was cancelled");
    reader.batch("COMMIT").await;
    assert_eq!(verify(library, &database).await, ["extra index busy.later"]);
}

async fn library(server: &Server) -> Library {
    let unsealed = Library::of(&[(
        "2025_01_01_1_first.sql",
        &step(
            "CREATE TABLE busy (id bigint PRIMARY KEY, a text DEFAULT 'x' UNIQUE, b integer, c integer CHECK (c > 0));\n\
             CREATE INDEX busy_a ON busy (lower(a));\nCREATE INDEX busy_b ON busy (b, c) WHERE b > 1;",
        ),
    )]);
    Library(sealed(unsealed.0, server).await)
}

/// Sends statements, between `|` each in its turn, until it is told to stop.
async fn forever(
    database: &Database<'_>,
    statements: &str,
    stop: &AtomicBool,
    rounds: &AtomicUsize,
) {
    let session: Session = database.session().await;
    while !stop.load(Ordering::Relaxed) {
        for statement in statements.split('|') {
            if let Err(error) = session.batch_execute(statement).await {
                panic!("{statement}: {}", describe(&error));
            }
        }
        rounds.fetch_add(1, Ordering::Relaxed);
        // As busy as a server may be, and not so busy that nothing else gets a turn.
        tokio::time::sleep(BETWEEN_ROUNDS).await;
    }
}

/// The state and the name of each object that differs.
async fn verify(library: Library, database: &Database<'_>) -> Vec<String> {
    let report = report(library, database).await;
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned).unwrap_or_default();
    let differences = report["differences"].as_array();
    let differences = differences.unwrap_or_else(|| panic!("{report}"));
    differences
        .iter()
        .map(|one| format!("{} {}", text(&one["state"]), text(&one["object"])))
        .collect()
}

async fn report(library: Library, database: &Database<'_>) -> serde_json::Value {
    let url = database.url();
    let ended = library
        .run_with(&[("DATABASE_URL", &url)], VERIFY, Format::Json)
        .await;
    serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {}", ended.text()))
}
