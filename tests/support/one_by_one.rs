//! A migration without a transaction, and databases in which it is cut off at known moments, under `up` or under psql.

use dsentr_migrate::cli::Command;
use dsentr_migrate::config::Format;
use tokio::task::JoinHandle;

use super::executable::Run;
use super::library::{Ended, Library, up};
use super::mask::mask;
use super::psql::psql;
use super::server::{Database, Server, Session};

const FIRST: &str = "-- A table, one that counts, and one that is partitioned.\n\
    -- Not rerunnable: it need not be.\n\
    CREATE TABLE first (id int, label text);\n\
    INSERT INTO first VALUES (1, 'a'), (2, 'b');\n\
    CREATE INDEX first_label ON first (label);\n\
    CREATE TABLE counted (what text);\n\
    CREATE PROCEDURE count_up(what text) LANGUAGE sql AS 'INSERT INTO public.counted VALUES (what)';\n\
    CREATE PROCEDURE sleep() LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(3600); END';\n\
    CREATE TABLE parted (id int) PARTITION BY LIST (id);\n\
    CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1);\n\n\
    -- Nothing to undo: the test drops the database.\n";

/// A step that counts, then the statement of interest, then one that counts again.
pub(crate) fn around(statement: &str) -> String {
    step(&format!(
        "CALL public.count_up('before');\n{statement}\nVACUUM public.first;\nCALL public.count_up('after');"
    ))
}

fn step(forward: &str) -> String {
    format!(
        "-- Of interest to a test.\n-- migrate: no-transaction\n-- Not rerunnable: it counts.\n{forward}\n\n\
         -- Nothing to undo: the test drops the database.\n"
    )
}

/// An index that is made beside everybody's work.
pub(crate) const INDEX: &str =
    "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS first_id ON public.first (id);";

/// A binary that makes the tables, and then does what is of interest.
pub(crate) fn library(second: &str) -> Library {
    Library::of(&[
        ("2025_01_01_1_first.sql", FIRST),
        ("2025_01_01_2_second.sql", second),
    ])
}

/// A database at the first version.
pub(crate) struct Scene {
    pub(crate) database: Database<'static>,
    pub(crate) session: Session,
    pub(crate) library: Library,
}

impl Scene {
    pub(crate) async fn of(second: &str) -> Self {
        let database = Server::shared().database();
        let library = library(second);
        let made = Library(&library.0[..1]).run(&database.url(), up()).await;
        assert!(made.result.is_ok(), "{}", made.text());
        Self {
            session: database.session().await,
            database,
            library,
        }
    }

    pub(crate) async fn up(&self) -> Ended {
        self.library.run(&self.database.url(), up()).await
    }

    /// The file that does the same under psql.
    pub(crate) async fn script(&self) -> String {
        let command = Command::Script {
            from: None,
            to: None,
            rollback: false,
            accept_data_loss: false,
        };
        let script = self.library.run_with(&[], command, Format::Text).await;
        assert!(script.result.is_ok(), "{}", script.text());
        script.stdout
    }

    /// Runs that file.
    pub(crate) async fn psql(&self) -> Run {
        psql(&["-X"], &self.database).run(&self.script().await)
    }

    /// Ends the session of psql as soon as it is seen waiting; how psql ended.
    pub(crate) async fn psql_terminated_at(&self, words: &str) -> Run {
        let script = self.script().await;
        let psql = psql(&["-X"], &self.database);
        let run = tokio::task::spawn_blocking(move || psql.run(&script));
        self.terminated_at("psql", words, run).await
    }

    pub(crate) fn masked(&self, ended: &Ended) -> String {
        mask(&ended.text(), &self.database)
    }

    /// Ends the session of a run as soon as it is seen waiting; how the run ended.
    pub(crate) async fn up_terminated_at(&self, words: &str) -> Ended {
        let (library, url) = (self.library, self.database.url());
        let run = tokio::spawn(async move { library.run(&url, up()).await });
        self.terminated_at("dsentr-migrate", words, run).await
    }

    /// Ends a session as soon as it is seen waiting; how its run ended.
    pub(crate) async fn terminated_at<T>(&self, name: &str, words: &str, run: JoinHandle<T>) -> T {
        let waiting = format!(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' \
             AND application_name = '{name}' AND query LIKE '{words}%'"
        );
        let pid = loop {
            if let Some(pid) = self.session.rows(&waiting).await.first() {
                break pid.clone();
            }
            assert!(!run.is_finished(), "it ended before it waited");
            tokio::task::yield_now().await;
        };
        self.session
            .batch(&format!("SELECT pg_terminate_backend({pid})"))
            .await;
        run.await.expect("the run ends")
    }

    /// A transaction that everything with CONCURRENTLY waits for.
    pub(crate) async fn writer(&self) -> Session {
        let writer = self.database.session().await;
        writer
            .batch("BEGIN; INSERT INTO first VALUES (3, 'c'); INSERT INTO parted VALUES (1)")
            .await;
        writer
    }

    /// Everything came to its end, once, and nothing else is left.
    pub(crate) async fn assert_done(&self) {
        let counted = "SELECT what, count(*) FROM counted GROUP BY 1 ORDER BY 2, 1 DESC";
        assert_eq!(self.session.rows(counted).await, ["before|1", "after|1"]);
        assert_eq!(self.invalid().await, [""; 0]);
        let history = "SELECT version FROM refinery_schema_history ORDER BY 1";
        assert_eq!(
            self.session.rows(history).await,
            ["2025010101", "2025010102"]
        );
        assert_eq!(self.ledger().await, "gone");
    }

    pub(crate) async fn invalid(&self) -> Vec<String> {
        let sql = "SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid ORDER BY 1";
        self.session.rows(sql).await
    }

    pub(crate) async fn index(&self, name: &str) -> String {
        let sql = format!(
            "SELECT coalesce((SELECT indisvalid::text FROM pg_index WHERE indexrelid = to_regclass('public.{name}')), 'none')"
        );
        self.session.value(&sql).await
    }

    /// The statements that are remembered, and whether each is done.
    pub(crate) async fn ledger(&self) -> String {
        let there = "SELECT to_regclass('public.refinery_schema_history_ledger') IS NOT NULL";
        if self.session.value(there).await == "f" {
            return "gone".to_owned();
        }
        let rows = "SELECT version, statement, done IS NOT NULL FROM refinery_schema_history_ledger ORDER BY 1, 2";
        self.session.rows(rows).await.join(" ")
    }
}
