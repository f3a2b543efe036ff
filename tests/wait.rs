//! `wait`, and every other command that meets a server which is not there yet.

mod support;

use std::fs::Permissions;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use support::executable::{Dsentr, Run, dsentr};
use support::golden::golden;
use support::mask::mask;
use support::mask::mask_counts;
use support::running::Running;
use support::server::{Database, Role, Server, aside};

/// Far more than a test lasts: who comes to this end has failed.
const LONG: &str = "5m";

/// What must not be waited for is over by then, on a machine that is busy with other things too.
const AT_ONCE: Duration = Duration::from_secs(10);

fn wait(goal: &str, url: &str, timeout: &str) -> Dsentr {
    dsentr(&["wait", "--for", goal, "--wait-timeout", timeout]).env("DATABASE_URL", url)
}

fn told(run: &Run, database: &Database<'_>) -> String {
    mask_counts(&mask(&run.text(), database))
}

/// A port that nobody listens on.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("a bound socket has one");
    address.port()
}

/// A server of the test's own that goes and comes: with it every command that was started too early.
#[tokio::test]
async fn a_server_that_comes_later_is_waited_for_by_every_command() {
    let server = Server::of_its_own();
    let database = server.database();
    let up = dsentr(&["up"]).env("DATABASE_URL", &database.url()).run();
    assert_eq!(up.code, Some(0), "{}", up.stderr);
    server.crash();
    let commands = [
        &["wait"][..],
        &["wait", "--output", "json"],
        &["wait", "--for", "schema", "--output", "json"],
        &["up"],
        &["status", "--check"],
        &["plan"],
    ];
    let mut runs = Vec::new();
    for command in commands {
        let run = dsentr(command)
            .env("DATABASE_URL", &database.url())
            .env("DSENTR_MIGRATE_WAIT_TIMEOUT", LONG);
        let mut run = Running::start(run);
        run.until_said("Connection refused").await;
        runs.push(run);
    }
    server.start_again();
    let mut all = String::new();
    for run in runs {
        let run = run.end();
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        // `status` names every migration.
        let text = told(&run, &database);
        all.extend(
            text.split_inclusive('\n')
                .filter(|line| !line.contains("  applied  ")),
        );
    }
    golden("wait_comes_later.txt", &all);
}

/// A server that says that it starts up, for as long as the test wants.
#[test]
fn a_server_that_starts_up_is_waited_for() {
    let server = Server::of_its_own();
    let database = server.database();
    let gate = tempfile::tempdir().expect("a temporary folder can be made");
    // The server looks into this folder as another user.
    std::fs::set_permissions(gate.path(), Permissions::from_mode(0o755)).expect("it is ours");
    let open = gate.path().join("open");
    // Who recovers from an archive asks for its next file, and is starting up until the answer is there.
    server.administer(&[&format!(
        "ALTER SYSTEM SET restore_command TO 'until test -e {}; do sleep 0.02; done; false'",
        open.display()
    )]);
    let folder = server.socket_dir().join("data");
    server.crash();
    std::fs::write(folder.join("recovery.signal"), "").expect("the folder takes it");
    let url = database.url();
    std::thread::scope(|scope| {
        let starts = scope.spawn(|| server.start_again());
        let run = aside(async {
            let mut run = Running::start(wait("server", &url, LONG));
            run.until_said("57P03").await;
            std::fs::write(&open, "").expect("the folder is ours");
            run.end()
        });
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        starts.join().expect("it starts");
    });
}

#[tokio::test]
async fn a_full_server_is_waited_for() {
    let database = Server::shared().owned_database(Role::Owner);
    let user = database.user();
    Server::shared().administer(&[&format!("ALTER ROLE {user} CONNECTION LIMIT 1")]);
    let only = database.session().await;
    let mut run = Running::start(wait("server", &database.url(), LONG));
    run.until_said("53300").await;
    only.close().await;
    let run = run.end();
    assert_eq!(run.code, Some(0), "{}", run.stderr);
}

#[test]
fn at_its_deadline_it_says_how_often_it_tried_and_why_it_failed() {
    let port = free_port();
    let url = format!("postgres://postgres@127.0.0.1:{port}/postgres");
    let masked = |run: Run| {
        let text = run.text().replace(&port.to_string(), "<port>");
        mask_counts(&support::mask::mask_durations(&times(&text)))
    };
    let text = masked(wait("server", &url, "700ms").run());
    let json = wait("schema", &url, "700ms").env("DSENTR_MIGRATE_OUTPUT_FORMAT", "json");
    golden("wait_unreachable.txt", &(text + &masked(json.run())));
}

/// The times of the log masked.
fn times(text: &str) -> String {
    let line = |line: &str| match line.split_once("Z  WARN ") {
        Some((_, rest)) => format!("<when>  WARN {rest}"),
        None => line.to_owned(),
    };
    text.split_inclusive('\n').map(line).collect()
}

/// Who asks for a password, and whom it is wrong for.
#[test]
fn what_another_try_would_not_change_fails_at_once() {
    let server = Server::of_its_own();
    let port = server.port();
    server.administer(&[
        "CREATE ROLE locked LOGIN PASSWORD 'right'",
        "DO $$ BEGIN EXECUTE format($f$COPY (VALUES ('host all locked 127.0.0.1/32 scram-sha-256'), \
         ('host all all 127.0.0.1/32 trust')) TO %L$f$, current_setting('hba_file')); END $$",
        "SELECT pg_reload_conf()",
    ]);
    // Were it waited for, the test should still end soon.
    let long = "20s";
    let start = Instant::now();
    for (wrong, word) in [
        (
            format!("postgres://locked:wrong@127.0.0.1:{port}/postgres"),
            "28P01",
        ),
        (
            format!("postgres://postgres@127.0.0.1:{port}/nosuch"),
            "3D000",
        ),
        (
            format!("postgres://nosuch@127.0.0.1:{port}/postgres"),
            "28000",
        ),
    ] {
        for goal in ["server", "schema"] {
            let mut run = wait(goal, &wrong, long).run();
            // The reload of the rules reaches the server by a signal.
            while word == "28P01" && run.code == Some(0) {
                run = wait("server", &wrong, long).run();
            }
            assert_eq!(run.code, Some(2), "{}", run.stderr);
            assert!(run.stderr.contains(word), "{word}: {}", run.stderr);
            assert!(!run.stderr.contains("waiting"), "{}", run.stderr);
        }
    }
    assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());
}

/// A role that may connect and read the history, and nothing else.
struct Reader<'d> {
    database: &'d Database<'d>,
    name: String,
}

impl<'d> Reader<'d> {
    async fn of(database: &'d Database<'d>) -> Self {
        let name = format!("reader_of_{}", database.name());
        let session = database.session().await;
        session
            .batch(&format!(
                "CREATE ROLE {name} LOGIN; GRANT CONNECT ON DATABASE {} TO {name}; \
                 REVOKE ALL ON SCHEMA public FROM PUBLIC; GRANT USAGE ON SCHEMA public TO {name}; \
                 ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO {name}",
                database.name()
            ))
            .await;
        session.close().await;
        Self { database, name }
    }

    fn waits(&self, timeout: &str) -> Dsentr {
        wait("schema", &self.database.url_as(&self.name), timeout)
    }

    async fn dismiss(self) {
        let session = self.database.session().await;
        let name = &self.name;
        session
            .batch(&format!("DROP OWNED BY {name}; DROP ROLE {name}"))
            .await;
        session.close().await;
    }
}

#[tokio::test]
async fn the_schema_is_waited_for_until_another_process_has_made_it() {
    let database = Server::shared().database();
    let reader = Reader::of(&database).await;
    let up = |arguments: &[&str]| {
        let run = dsentr(arguments).env("DATABASE_URL", &database.url()).run();
        assert_eq!(run.code, Some(0), "{}", run.stderr);
    };
    let mut runs = vec![
        Running::start(reader.waits(LONG)),
        Running::start(
            reader
                .waits(LONG)
                .env("DSENTR_MIGRATE_OUTPUT_FORMAT", "json"),
        ),
    ];
    for run in &mut runs {
        run.until_said("waiting for the schema").await;
    }
    up(&["up", "--to", "2025_05_15_1"]);
    let pending = reader.waits("200ms");
    let json = reader
        .waits("0")
        .env("DSENTR_MIGRATE_OUTPUT_FORMAT", "json");
    let late = [pending.run(), json.run()].map(|run| told(&run, &database));
    golden("wait_pending.txt", &late.concat());
    assert!(runs.iter_mut().all(|run| !run.has_ended()));
    up(&["up"]);
    let mut all = String::new();
    for run in runs {
        let run = run.end();
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        all.push_str(&told(&run, &database));
    }
    golden("wait_schema.txt", &all);
    let session = database.session().await;
    session
        .batch("UPDATE refinery_schema_history SET checksum = '1' WHERE version = 2025051501")
        .await;
    session.close().await;
    let start = Instant::now();
    let text = told(&reader.waits(LONG).run(), &database);
    let json = reader
        .waits(LONG)
        .env("DSENTR_MIGRATE_OUTPUT_FORMAT", "json");
    golden(
        "wait_disagreement.txt",
        &(text + &told(&json.run(), &database)),
    );
    assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());
    reader.dismiss().await;
}

/// The application's role is made before the migrations, and one of the last of them lets it read.
#[tokio::test]
async fn who_may_not_read_the_history_yet_waits_for_that_too() {
    let database = Server::shared().database();
    let reader = Reader::of(&database).await;
    let session = database.session().await;
    let revoke = format!(
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE SELECT ON TABLES FROM {}",
        reader.name
    );
    session.batch(&revoke).await;
    let up = dsentr(&["up"]).env("DATABASE_URL", &database.url()).run();
    assert_eq!(up.code, Some(0), "{}", up.stderr);
    let mut run = Running::start(reader.waits(LONG));
    run.until_said("permission denied").await;
    let mut all = told(&reader.waits("200ms").run(), &database);
    let grant = format!("GRANT SELECT ON refinery_schema_history TO {}", reader.name);
    session.batch(&grant).await;
    let run = run.end();
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    all.push_str(&told(&run, &database));
    golden("wait_forbidden.txt", &all);
    session.close().await;
    reader.dismiss().await;
}

#[tokio::test]
async fn a_server_that_restarts_is_waited_through() {
    let server = Server::of_its_own();
    let database = server.database();
    let reader = Reader::of(&database).await;
    let mut run = Running::start(reader.waits(LONG));
    run.until_said("waiting for the schema").await;
    server.crash();
    run.until_said("waiting for the server").await;
    server.start_again();
    let up = dsentr(&["up"]).env("DATABASE_URL", &database.url()).run();
    assert_eq!(up.code, Some(0), "{}", up.stderr);
    let run = run.end();
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let session = database.session().await;
    let asks =
        "SELECT count(*) = 0 FROM pg_stat_activity WHERE application_name = 'dsentr-migrate'";
    session.until(asks, "t").await;
    session.close().await;
}
