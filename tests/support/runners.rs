//! Many runners on one database, and the migration lock that they meet at.

use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use dsentr_migrate::cli::Command;
use dsentr_migrate::embedded::{MIGRATIONS, Migration};
use tokio::sync::OnceCell;

use super::catalogue;
use super::executable::{Dsentr, Run, dsentr};
use super::library::{Library, up};
use super::server::{Database, Server, Session};

/// For what takes no time, on a machine that may be busy.
pub(crate) const A_LONG_TIME: Duration = Duration::from_secs(30);

/// Runners that started at once.
pub(crate) struct Crowd(Vec<JoinHandle<Ended>>);

/// A runner that has ended.
pub(crate) struct Ended {
    /// What it left.
    pub(crate) run: Run,
    /// When it ended.
    pub(crate) at: Instant,
}

impl Crowd {
    /// So many processes of `up`, each told by `prepare` what there is to tell.
    pub(crate) fn of(count: usize, prepare: impl Fn(Dsentr) -> Dsentr) -> Self {
        let start = |_| {
            let runner = dsentr(&["up", "--output", "json"]);
            // A lock that is never given back fails the test before anybody loses patience.
            let runner = prepare(runner.env("DSENTR_MIGRATE_LOCK_TIMEOUT", "60s"));
            std::thread::spawn(move || Ended {
                run: runner.run(),
                at: Instant::now(),
            })
        };
        Self((0..count).map(start).collect())
    }

    /// So many processes of `up` that reach the database by this URL.
    pub(crate) fn at(count: usize, url: &str) -> Self {
        Self::of(count, |runner| runner.env("DATABASE_URL", url))
    }

    /// Both together.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// Whether any of them has ended.
    pub(crate) fn has_ended(&self) -> bool {
        self.0.iter().any(JoinHandle::is_finished)
    }

    /// Waits for all of them, in the order in which they started.
    pub(crate) fn join(self) -> Vec<Ended> {
        let join = |runner: JoinHandle<Ended>| runner.join().expect("the runner's thread ends");
        self.0.into_iter().map(join).collect()
    }

    /// Waits for all of them: each ended well, and each of the migrations was applied by one of them.
    pub(crate) fn join_having_applied(self, migrations: &[Migration]) -> Vec<Ended> {
        let ended = self.join();
        for Ended { run, .. } in &ended {
            assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
        }
        let mut applied: Vec<String> = ended.iter().flat_map(Ended::applied).collect();
        applied.sort();
        let stems: Vec<&str> = migrations.iter().map(|migration| migration.stem).collect();
        assert_eq!(applied, stems);
        ended
    }
}

impl Ended {
    /// The names of what it says it has applied.
    pub(crate) fn applied(&self) -> Vec<String> {
        let report: serde_json::Value =
            serde_json::from_str(&self.run.stdout).expect("the report is JSON");
        let applied = report["applied"].as_array().expect("a list");
        let name = |one: &serde_json::Value| one["name"].as_str().expect("a name").to_owned();
        applied.iter().map(name).collect()
    }

    /// How many lines on stderr have this in them.
    pub(crate) fn told(&self, words: &str) -> usize {
        let lines = self.run.stderr.lines();
        lines.filter(|line| line.contains(words)).count()
    }
}

/// A database is where all migrations lead, each is once in its history, and nobody holds the migration lock.
pub(crate) async fn assert_at_target(database: &Database<'_>) {
    let session = database.session().await;
    let rows = session
        .rows("SELECT name FROM refinery_schema_history ORDER BY version")
        .await;
    let names: Vec<&str> = MIGRATIONS
        .iter()
        .map(|migration| migration.description)
        .collect();
    assert_eq!(rows, names);
    catalogue::assert_same(
        "after the runners",
        &catalogue::expected(),
        &catalogue::read(&session).await,
    );
    session.until(LOCKS, "0").await;
    session.close().await;
}

/// A migration that makes a table.
pub(crate) const TABLE: (&str, &str) = (
    "2025_01_01_1_first.sql",
    "-- A table.\nCREATE TABLE IF NOT EXISTS first (id int);\n\n\
     -- Rollback:\n--   DROP TABLE first;\n--   -- Data loss: all rows.\n",
);

/// And one behind it that waits for whoever writes into that table: see [`INDEX_WAITS`].
pub(crate) const INDEX: (&str, &str) = (
    "2025_01_01_2_index.sql",
    "-- An index.\n-- migrate: no-transaction\n\
     CREATE INDEX CONCURRENTLY IF NOT EXISTS first_id ON public.first (id);\n\n\
     -- Rollback:\n--   DROP INDEX CONCURRENTLY IF EXISTS public.first_id;\n",
);

/// How many sessions wait as [`INDEX`] does.
pub(crate) const INDEX_WAITS: &str = "SELECT count(*) FROM pg_stat_activity \
     WHERE datname = current_database() AND query LIKE 'CREATE INDEX CONCURRENTLY%' AND wait_event_type = 'Lock'";

/// `up` as far as a file.
pub(crate) fn to(file: &str) -> Command {
    let version = file.splitn(5, '_').take(4).collect::<Vec<_>>().join("_");
    Command::Up {
        to: Some(version.parse().expect("a version")),
        strict: false,
        verify: false,
    }
}

/// How many advisory locks are held, or waited for, in a session's database.
pub(crate) const LOCKS: &str = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' \
     AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";

/// A session that holds the migration lock of a database, as a runner with the default history does.
pub(crate) async fn hold_lock(database: &Database<'_>) -> Session {
    static KEY: OnceCell<String> = OnceCell::const_new();
    let key = KEY.get_or_init(key_of_lock).await;
    let session = database.session().await;
    let taken = format!("SELECT pg_try_advisory_lock({key})");
    assert_eq!(session.value(&taken).await, "t");
    session
}

/// Gives back what [`hold_lock`] took.
pub(crate) async fn release_lock(session: &Session) {
    session.batch("SELECT pg_advisory_unlock_all()").await;
}

/// The number of the lock, as a runner that holds it shows it: the server keeps such a number in two halves.
async fn key_of_lock() -> String {
    let database = Server::shared().database();
    let session = database.session().await;
    let library = Library::of(&[(
        "2025_01_01_1_sleeps.sql",
        "-- Sleeps.\nSELECT pg_sleep(3600);\n\n-- Nothing to undo: it sleeps.\n",
    )]);
    let url = database.url();
    let runner = tokio::spawn(async move { library.run(&url, up()).await.text() });
    let sleeping = "SELECT count(*) FROM pg_stat_activity \
                    WHERE datname = current_database() AND wait_event = 'PgSleep'";
    session.until(sleeping, "1").await;
    let key = session
        .value(
            "SELECT classid::bigint << 32 | objid::bigint FROM pg_locks \
             WHERE locktype = 'advisory' AND granted AND objsubid = 1 \
               AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
        )
        .await;
    session
        .batch("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'")
        .await;
    runner.await.expect("the runner ends");
    session.close().await;
    key
}
