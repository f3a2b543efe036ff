//! How the process ends: every exit code, provoked with the real executable, and the summary for a container platform.

mod support;

use std::net::TcpListener;
use std::path::Path;

use dsentr_migrate::error::exit_code;
use support::executable::{Dsentr, Run, dsentr};
use support::golden::golden;
use support::mask::mask_counts;
use support::mask::{mask, mask_durations};
use support::running::Running;
use support::server::{Database, Server, Session};

/// The newest version at which `workflows` is there and the next migration alters it.
const BEFORE: &str = "2025_10_07_4";

/// In a URL, in a file, in the environment: nowhere else.
const PASSWORD: &str = "918273645546372819";

fn on(database: &Database<'_>, arguments: &[&str]) -> Dsentr {
    dsentr(arguments).env("DATABASE_URL", &database.url())
}

/// A server that nobody is.
fn nowhere() -> (String, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("a bound socket has one");
    let port = address.port();
    (
        format!("postgres://postgres@127.0.0.1:{port}/postgres"),
        port,
    )
}

/// A database where a view has the name of an index that a migration makes.
async fn with_a_view_in_the_way() -> Database<'static> {
    let database = Server::shared().database();
    let session = database.session().await;
    session
        .batch("CREATE VIEW idx_workflow_runs_idem_unique AS SELECT 1 AS id")
        .await;
    session.close().await;
    database
}

/// A database whose next migration waits for a table, as long as the session lives.
async fn blocked() -> (Database<'static>, Session) {
    let database = Server::shared().database();
    let run = on(&database, &["up", "--to", BEFORE]).run();
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let session = database.session().await;
    session.batch("BEGIN; SELECT FROM workflows").await;
    (database, session)
}

/// A runner that waits for a table.
async fn blocked_runner(run: Dsentr, database: &Database<'_>) -> Running {
    let runner = Running::start(run);
    let watcher = database.session().await;
    let waits = "SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database() \
                 AND application_name = 'dsentr-migrate' AND wait_event = 'relation'";
    watcher.until(waits, "t").await;
    watcher.close().await;
    runner
}

/// A database of which one migration was applied as another text.
async fn divergent() -> Database<'static> {
    let database = Server::shared().database();
    let run = on(&database, &["up", "--to", "2025_05_09_1"]).run();
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let session = database.session().await;
    session
        .batch("UPDATE refinery_schema_history SET checksum = '1' WHERE version = 2025050901")
        .await;
    session.close().await;
    database
}

/// What ends in which way, and a word of what it says, so that it ended for the reason that was meant.
#[derive(Default)]
struct Provoked(Vec<u8>);

impl Provoked {
    #[track_caller]
    fn by(&mut self, run: &Run, code: u8, word: &str) {
        assert_eq!(run.code, Some(code.into()), "{}", run.text());
        assert!(run.text().contains(word), "{word:?}: {}", run.text());
        self.0.push(code);
    }
}

#[tokio::test]
async fn every_exit_code_is_provoked() {
    let mut provoked = Provoked::default();
    let database = Server::shared().database();
    provoked.by(
        &on(&database, &["status", "--check"]).run(),
        exit_code::PENDING,
        "migrations are pending",
    );
    provoked.by(
        &on(
            &database,
            &["wait", "--for", "schema", "--wait-timeout", "100ms"],
        )
        .run(),
        exit_code::PENDING,
        "55 migrations pending",
    );
    provoked.by(&on(&database, &["up"]).run(), exit_code::DONE, "applied");
    provoked.by(
        &on(&database, &["up", "--to", "2025_05_09_9"]).run(),
        exit_code::CONFIG,
        "2025_05_09_9",
    );
    provoked.by(
        &on(&database, &["down"]).run(),
        exit_code::CONFIG,
        "unrecognized subcommand",
    );
    provoked.by(
        &on(&with_a_view_in_the_way().await, &["up"]).run(),
        exit_code::FAILED,
        "and was rolled back",
    );
    for arguments in [
        &["up"][..],
        &["status", "--check"],
        &["plan"],
        &["wait", "--for", "schema"],
    ] {
        provoked.by(
            &on(&divergent().await, arguments).run(),
            exit_code::DISAGREEMENT,
            "divergent",
        );
    }
    let (nobody, _) = nowhere();
    let unreachable = dsentr(&["up", "--wait-timeout", "100ms"]).env("DATABASE_URL", &nobody);
    provoked.by(&unreachable.run(), exit_code::UNREACHABLE, "no connection");
    let session = database.session().await;
    let standby = "ALTER DATABASE {} SET default_transaction_read_only TO on";
    let read_only = Server::shared().database();
    session
        .batch(&standby.replace("{}", read_only.name()))
        .await;
    provoked.by(
        &on(&read_only, &["up"]).run(),
        exit_code::UNREACHABLE,
        "read-only",
    );
    session.close().await;

    let (database, blocker) = blocked().await;
    let busy = on(&database, &["up"])
        .env("DSENTR_MIGRATE_TABLE_LOCK_TIMEOUT", "300ms")
        .env("DSENTR_MIGRATE_TABLE_LOCK_BUDGET", "1ms");
    provoked.by(
        &busy.run(),
        exit_code::LOCK_TIMEOUT,
        "did not get its table locks in 1 try",
    );
    let runner = blocked_runner(on(&database, &["up"]), &database).await;
    provoked.by(
        &on(&database, &["up", "--lock-timeout", "100ms"]).run(),
        exit_code::LOCK_TIMEOUT,
        "the migration lock was not obtained",
    );
    runner.signal("TERM");
    provoked.by(&runner.end(), exit_code::STOPPED, "was stopped by SIGTERM");
    blocker.close().await;
    provoked.by(&on(&database, &["up"]).run(), exit_code::DONE, "applied");

    provoked.0.sort_unstable();
    provoked.0.dedup();
    assert_eq!(provoked.0, (0..=7).collect::<Vec<u8>>());
}

/// `--help` names the codes that there are, each once, and says of the same ones that another try is worth it.
#[test]
fn the_help_names_the_exit_codes_that_there_are() {
    let all: Vec<String> = (exit_code::DONE..=exit_code::STOPPED)
        .map(|code| code.to_string())
        .collect();
    let help = dsentr(&["--help"]).run().stdout;
    let (_, help) = help.split_once("Exit codes: ").expect("the exit codes");
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    let (list, rest) = help.split_once(". ").expect("a sentence of its own");
    let named: Vec<&str> = list
        .split(", ")
        .filter_map(|part| part.split_once(' '))
        .map(|(code, _)| code)
        .filter(|code| code.bytes().all(|byte| byte.is_ascii_digit()))
        .collect();
    assert_eq!(named, all);
    let [fifth, sixth, seventh] = exit_code::WORTH_ANOTHER_TRY;
    let worth = format!("{fifth}, {sixth} and {seventh} are worth another try.");
    assert_eq!(rest, worth);
}

/// A run that also writes its summary; what stands there, and how it ended.
struct Summary {
    folder: tempfile::TempDir,
}

impl Summary {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        Self { folder }
    }

    fn path(&self) -> String {
        self.folder.path().join("log").display().to_string()
    }

    fn told_by(&self, run: Dsentr) -> Dsentr {
        run.env("DSENTR_MIGRATE_REPORT_TERMINATION_LOG", &self.path())
    }

    fn text(&self) -> String {
        let bytes = std::fs::read(self.path()).expect("the summary was written");
        assert!(bytes.len() <= 2048, "{} bytes", bytes.len());
        String::from_utf8(bytes).expect("whole characters")
    }

    /// What a run leaves there, below how it ended.
    fn of(&self, run: Dsentr) -> String {
        std::fs::write(self.path(), "what was there before\n".repeat(300)).expect("it is ours");
        let run = self.told_by(run).run();
        assert!(!run.text().contains(PASSWORD), "{}", run.text());
        let code = run.code.expect("no signal ended it");
        format!("--- exit {code}\n{}", self.text())
    }
}

#[tokio::test]
async fn success_and_each_kind_of_failure_leave_a_summary() {
    let summary = Summary::new();
    let server = Server::shared();
    let database = server.database();
    let secret = format!(
        "postgres://postgres:{PASSWORD}@127.0.0.1:{}/{}",
        server.port(),
        database.name()
    );
    let run = |arguments: &[&str]| {
        dsentr(arguments)
            .env("DATABASE_URL", &secret)
            .env("DSENTR_MIGRATE_LOG_LEVEL", "trace")
    };
    let mut all = String::new();
    let mut add = |database: &Database<'_>, text: &str| {
        all.push_str(&mask_counts(&mask(text, database)));
    };
    for arguments in [
        &["status", "--check"][..],
        &["wait", "--for", "schema", "--wait-timeout", "0"],
        &["up", "--to", "2025_05_09_1"],
        &["up", "--output", "json"],
        &["up"],
        &["status"],
        &["plan"],
        &["wait"],
        &["up", "--to", "2025_05_09_9"],
        &["up", "--wait-timeout", "soon"],
        &["export", "."],
    ] {
        add(&database, &summary.of(run(arguments).file("full", "")));
    }
    let view = with_a_view_in_the_way().await;
    add(&view, &summary.of(on(&view, &["up"])));
    let other = divergent().await;
    add(&other, &summary.of(on(&other, &["up"])));
    let wrong = format!("postgres:/{PASSWORD}");
    add(
        &database,
        &summary.of(dsentr(&["up"]).env("DATABASE_URL", &wrong)),
    );
    let (nobody, port) = nowhere();
    let nobody = dsentr(&["up", "--wait-timeout", "100ms"]).env("DATABASE_URL", &nobody);
    let text = summary.of(nobody).replace(&port.to_string(), "<port>");
    add(&database, &text);

    let (database, blocker) = blocked().await;
    let busy = on(&database, &["up"])
        .env("DSENTR_MIGRATE_TABLE_LOCK_TIMEOUT", "600ms")
        .env("DSENTR_MIGRATE_TABLE_LOCK_BUDGET", "1ms");
    add(&database, &summary.of(busy));
    let stopped = Summary::new();
    let runner = blocked_runner(stopped.told_by(on(&database, &["up"])), &database).await;
    let late = summary.of(on(&database, &["up", "--lock-timeout", "100ms"]));
    add(&database, &since(&late));
    runner.signal("TERM");
    assert_eq!(runner.end().code, Some(exit_code::STOPPED.into()));
    add(&database, &format!("--- exit 7\n{}", stopped.text()));
    blocker.close().await;
    golden("termination_log.txt", &all);
}

/// Since when the holder of a lock is connected, masked.
fn since(text: &str) -> String {
    let Some((before, after)) = text.split_once("connected since ") else {
        return text.to_owned();
    };
    let (_, after) = after.split_once(',').unwrap_or_default();
    format!("{before}connected since <when>,{after}")
}

/// However long the server's words are, and wherever they are cut: the state and what to do next are still there.
#[tokio::test]
async fn a_long_summary_is_cut_between_two_characters() {
    let summary = Summary::new();
    for prefix in ["", "x", "xx", "xxx"] {
        let database = Server::shared().database();
        let session = database.session().await;
        session
            .batch(&format!(
                "CREATE FUNCTION refuses() RETURNS event_trigger LANGUAGE plpgsql AS $$\n\
                 BEGIN\n    IF tg_tag = 'CREATE TABLE' AND current_query() ~ 'CREATE TABLE IF NOT EXISTS users' THEN\n\
                 RAISE EXCEPTION '%', '{prefix}' || repeat('🦀', 3000);\n    END IF;\nEND\n$$;\n\
                 CREATE EVENT TRIGGER refuses ON ddl_command_start EXECUTE FUNCTION refuses()"
            ))
            .await;
        session.close().await;
        let text = mask_durations(&mask(&summary.of(on(&database, &["up"])), &database));
        let crabs = text.chars().filter(|c| *c == '🦀').count();
        assert!((100..512).contains(&crabs), "{text}");
        if prefix == "xxx" {
            golden("termination_log_long.txt", &text);
        }
    }
}

#[test]
fn a_summary_that_cannot_be_written_changes_nothing() {
    let database = Server::shared().database();
    for (path, warned) in [
        ("/nowhere/log", true),
        ("/dev/nowhere/log", false),
        ("/", true),
    ] {
        for (arguments, code) in [(&["status", "--check"][..], 3), (&["wait"], 0)] {
            let run = on(&database, arguments)
                .env("DSENTR_MIGRATE_REPORT_TERMINATION_LOG", path)
                .run();
            assert_eq!(run.code, Some(code), "{}", run.stderr);
            let told = run.stderr.contains(&format!("{path} cannot be written"));
            assert_eq!(told, warned, "{}", run.stderr);
        }
    }
    assert!(!Path::new("/nowhere").exists() && !Path::new("/dev/nowhere").exists());
}

/// Nothing is made where a container platform would have made it.
#[test]
fn outside_of_a_container_the_profile_for_one_makes_nothing() {
    let file = Path::new("/dev/termination-log");
    let before = file.exists();
    let database = Server::shared().database();
    for (arguments, code) in [(&["status"][..], 0), (&["status", "--check"], 3)] {
        let run = on(&database, arguments)
            .env("DSENTR_MIGRATE_PROFILE", "container")
            .run();
        assert_eq!(run.code, Some(code), "{}", run.stderr);
        assert!(!run.stderr.contains("termination-log"), "{}", run.stderr);
    }
    assert_eq!(file.exists(), before);
}
