//! The operating guide, played: each situation is brought about on a real server, its commands are run in their order,
//! and what they print is what the guide shows.

mod support;

use support::document::{as_documented, assert_shows, blocks, play_after, read};
use support::executable::dsentr;
use support::running::Running;
use support::server::{Server, Session};
use support::sqlx::made_by_sqlx;

const GUIDE: &str = "docs/operation.md";

/// The situations that the guide plays, in its order. The first one makes the roles, which belong to the server.
const SITUATIONS: [&str; 11] = [
    "First install",
    "Upgrade",
    "A migration failed",
    "A pod was killed",
    "The schema is not as sealed",
    "Rollback at night",
    "An older backup",
    "A backup newer than the binary",
    "A backup without its history",
    "Taking over a database",
    "An air gap, and a DBA",
];

/// The version of the release before: two migrations are pending.
const BEFORE: &str = "2025_12_01_1";

/// The guide's headings, each with its console blocks as one session. What has none is not played.
fn sections() -> Vec<(String, String)> {
    let guide = read(GUIDE);
    let sections = guide.split("\n##").skip(1).map(|section| {
        let (heading, text) = section.split_once('\n').expect("text under a heading");
        let heading = heading.trim_start_matches('#').trim();
        (heading.to_owned(), blocks(text, "console").concat())
    });
    sections.filter(|(_, block)| !block.is_empty()).collect()
}

/// A server with the one database that the guide is about.
struct Stage {
    server: Server,
    /// Where the commands are run, and find what was there before them.
    folder: tempfile::TempDir,
}

impl Stage {
    fn url(&self) -> String {
        format!(
            "postgres://postgres@127.0.0.1:{}/dsentr",
            self.server.port()
        )
    }

    async fn session(&self) -> Session {
        Session::open(&self.url()).await
    }

    /// An empty database in the place of the one before.
    fn empty(&self) {
        self.server.administer(&[
            "DROP DATABASE IF EXISTS dsentr WITH (FORCE)",
            "CREATE DATABASE dsentr TEMPLATE template0",
        ]);
    }

    /// A database at a version.
    fn at(&self, version: &str) {
        self.empty();
        self.up(&["--to", version]);
    }

    fn up(&self, arguments: &[&str]) {
        let run = dsentr(&[&["up"], arguments].concat())
            .env("DATABASE_URL", &self.url())
            .run();
        assert_eq!(run.code, Some(0), "{}", run.text());
    }

    async fn does(&self, sql: &str) {
        let session = self.session().await;
        session.batch(sql).await;
        session.close().await;
    }

    /// Runs commands of a shell as the guide's are run.
    fn shell(&self, block: &str) -> String {
        let prelude = format!("cd '{}'", self.folder.path().display());
        let block = block.replace(
            "127.0.0.1:5432",
            &format!("127.0.0.1:{}", self.server.port()),
        );
        let port = self.server.port().to_string();
        let variables = [
            ("PGHOST", "127.0.0.1"),
            ("PGPORT", &port),
            ("PGUSER", "postgres"),
            ("PGDATABASE", "dsentr"),
        ];
        as_documented(&play_after(&prelude, &block, &variables), &self.server)
    }

    /// Makes a backup of the database, and goes on without what it holds.
    fn back_up(&self, command: &str) {
        let said = self.shell(&format!("$ {command}\n"));
        assert_eq!(said, format!("$ {command}\n"), "pg_dump says nothing");
    }

    /// Brings a situation about.
    async fn set(&self, situation: &str) {
        match situation {
            "First install" => {}
            "Upgrade" => self.at(BEFORE),
            "A migration failed" => {
                self.at(BEFORE);
                self.does(
                    "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql
                         AS 'BEGIN RAISE EXCEPTION ''messages stay as they were sent''; END';
                     CREATE TRIGGER keep BEFORE UPDATE ON issue_report_messages
                         FOR EACH STATEMENT EXECUTE FUNCTION keep()",
                )
                .await;
            }
            "A pod was killed" => self.killed().await,
            "The schema is not as sealed" => {
                self.empty();
                self.up(&[]);
                self.does("DROP INDEX idx_workflows_locked_by").await;
            }
            "Rollback at night" => {
                self.empty();
                self.up(&[]);
            }
            "An older backup" => {
                self.at(BEFORE);
                self.back_up("pg_dump --format=custom --file=dsentr.dump");
                self.up(&[]);
            }
            "A backup newer than the binary" => {
                self.empty();
                self.up(&[]);
                self.newer().await;
                self.back_up("pg_dump --format=custom --file=newer.dump");
                self.empty();
            }
            "A backup without its history" => {
                self.empty();
                self.up(&[]);
                self.back_up(
                    "pg_dump --format=custom --exclude-table=refinery_schema_history --file=no-history.dump",
                );
            }
            "Taking over a database" => {
                self.empty();
                let session = self.session().await;
                made_by_sqlx(&session).await;
                session.close().await;
            }
            "An air gap, and a DBA" => self.empty(),
            other => panic!("nobody has said how {other:?} comes about"),
        }
    }

    /// A run that was killed while it waited for a table that somebody read.
    async fn killed(&self) {
        self.at(BEFORE);
        let reader = self.session().await;
        reader.batch("BEGIN; SELECT FROM workflow_runs").await;
        let runner = Running::start(dsentr(&["up"]).env("DATABASE_URL", &self.url()));
        let watcher = self.session().await;
        let runs = "FROM pg_stat_activity WHERE application_name = 'dsentr-migrate'";
        let waits = format!("SELECT count(*) > 0 {runs} AND wait_event = 'relation'");
        watcher.until(&waits, "t").await;
        runner.signal("KILL");
        assert_eq!(runner.end().code, None, "a signal ended it");
        watcher.until(&format!("SELECT count(*) {runs}"), "0").await;
        for session in [reader, watcher] {
            session.close().await;
        }
    }

    /// What a newer release has done: a migration that this binary does not carry, and its row.
    async fn newer(&self) {
        self.does(
            "CREATE TABLE webhook_deliveries (id integer);
             INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
             VALUES (2026011501, 'create_webhook_deliveries', '2026-01-15T10:00:00Z', '1')",
        )
        .await;
    }
}

#[tokio::test]
async fn every_situation_of_the_guide_is_what_happens() {
    let sections = sections();
    let headings: Vec<&str> = sections
        .iter()
        .map(|(heading, _)| heading.as_str())
        .collect();
    assert_eq!(headings, SITUATIONS);
    let stage = Stage {
        server: Server::of_its_own(),
        folder: tempfile::tempdir().expect("a temporary folder"),
    };
    for (situation, block) in &sections {
        stage.set(situation).await;
        let actual = stage.shell(block);
        assert_shows(&format!("{GUIDE}, {situation},"), block, &actual);
    }
}
