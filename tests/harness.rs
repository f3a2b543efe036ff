//! Tests of the harness itself.

mod support;

use std::io::Write as _;
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use support::catalogue;
use support::executable::{dsentr, mask, mask_durations};
use support::proxy::Proxy;
use support::server::{NULL, Role, Server, Session};

#[tokio::test]
async fn a_database_is_fresh_and_goes_with_its_value() {
    let server = Server::shared();
    let (one, two) = (server.database(), server.database());
    one.session()
        .await
        .batch("CREATE TABLE t (a int, b text); INSERT INTO t VALUES (1, NULL), (2, 'x')")
        .await;
    let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";
    assert_eq!(two.session().await.value(tables).await, "0");
    let session = one.session().await;
    assert_eq!(
        session.rows("SELECT * FROM t ORDER BY a").await,
        ["1|∅", "2|x"]
    );

    let name = one.name().to_owned();
    drop(one);
    let gone = format!("SELECT count(*) FROM pg_database WHERE datname = '{name}'");
    assert_eq!(two.session().await.value(&gone).await, "0");
    assert!(session.is_closed() || session.try_batch("SELECT 1").await.is_err());
}

#[tokio::test]
async fn a_copy_has_what_its_template_had() {
    let server = Server::shared();
    let template = server.database();
    let session = template.session().await;
    session.batch("CREATE TABLE t (a int)").await;
    session.close().await;
    let copy = server.copy_of(&template);
    assert_eq!(copy.session().await.rows("TABLE t").await, [""; 0]);
}

#[tokio::test]
async fn an_owner_is_no_superuser() {
    for (role, may) in [(Role::Owner, "f"), (Role::OwnerWithCreateRole, "t")] {
        let database = Server::shared().owned_database(role);
        let session = database.session().await;
        let seen = session.value("SELECT current_user, rolsuper, rolcreaterole FROM pg_roles WHERE rolname = current_user").await;
        assert_eq!(seen, format!("{}|f|{may}", database.user()));
        session.batch("CREATE TABLE t ()").await;
    }
}

#[tokio::test]
async fn what_the_server_says_is_shown_whole() {
    let database = Server::shared().database();
    let session = database.session().await;
    let error = session
        .try_batch("DO $$ BEGIN RAISE 'no' USING DETAIL = 'because', HINT = 'do'; END $$")
        .await;
    assert_eq!(error.unwrap_err(), "no\nDETAIL: because\nHINT: do");
}

#[tokio::test]
async fn a_socket_leads_to_the_same_server() {
    let server = Server::shared();
    let url = format!(
        "host={} port={} user=postgres dbname=postgres",
        server.socket_dir().display(),
        server.port()
    );
    assert_eq!(
        Session::open(&url)
            .await
            .value("SELECT inet_server_addr()")
            .await,
        NULL
    );
}

/// Not a test by itself: the process that the next test kills.
#[test]
fn holds_a_server_until_it_is_killed() {
    if std::env::var_os("DSENTR_TEST_HOLD").is_none() {
        return;
    }
    let server = Server::shared();
    println!(
        "\nserver\t{}\t{}",
        server.socket_dir().display(),
        server.port()
    );
    std::io::stdout()
        .flush()
        .expect("the other process reads this");
    let mut line = String::new();
    std::io::stdin()
        .read_line(&mut line)
        .expect("nothing is ever written there");
}

#[test]
fn a_server_ends_with_the_process_however_that_ends() {
    let mut holder = Command::new(std::env::current_exe().expect("a test knows itself"))
        .args([
            "--exact",
            "holds_a_server_until_it_is_killed",
            "--nocapture",
        ])
        .env("DSENTR_TEST_HOLD", "yes")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a test can be started");
    let output = std::io::BufReader::new(holder.stdout.as_mut().expect("its output is piped"));
    let line = std::io::BufRead::lines(output)
        .map_while(Result::ok)
        .find(|line| line.starts_with("server\t"))
        .expect("it prints where its server is");
    let [_, folder, port] = line.split('\t').collect::<Vec<_>>()[..] else {
        panic!("{line}");
    };
    let port: u16 = port.parse().expect("a port");
    TcpStream::connect(("127.0.0.1", port)).expect("the server answers");

    holder
        .kill()
        .expect("SIGKILL, which nothing in it can handle");
    // The script has inherited its standard error: the end of that is the end of the script.
    holder
        .wait_with_output()
        .expect("a killed process can be waited for");
    assert!(!std::path::Path::new(folder).exists(), "{folder} is left");
    TcpStream::connect(("127.0.0.1", port)).expect_err("the server is gone");
}

#[tokio::test]
async fn the_proxy_counts_what_it_carries() {
    let database = Server::shared().database();
    let proxy = Proxy::start(database.server().port());
    let session = Session::open(&database.url_through(proxy.port())).await;
    assert_eq!(
        (
            proxy.connections(),
            proxy.startup_flights(),
            proxy.flights()
        ),
        (1, 1, 0)
    );

    session.batch("SELECT 1; SELECT 2; SELECT 3").await;
    assert_eq!(proxy.flights(), 1, "one message, one answer");
    session
        .query_one("SELECT $1::int8", &[&1_i64])
        .await
        .expect("a row");
    assert_eq!(proxy.flights(), 3, "to prepare is one, to execute another");
    assert_eq!(
        session.value("SELECT length(repeat('x', 1000000))").await,
        "1000000"
    );
    session
        .batch(&format!("SELECT '{}'", "x".repeat(1_000_000)))
        .await;
    assert_eq!(proxy.flights(), 5, "however many packets it takes");
    assert!(proxy.bytes() > 2_000_000);

    proxy.reset();
    session.close().await;
    assert_eq!(
        (
            proxy.connections(),
            proxy.startup_flights(),
            proxy.flights()
        ),
        (0, 0, 0),
        "a good-bye is no round trip"
    );
}

#[tokio::test]
async fn the_proxy_makes_the_way_longer() {
    let database = Server::shared().database();
    let delay = Duration::from_millis(40);
    let proxy = Proxy::with_delay(database.server().port(), delay);
    let session = Session::open(&database.url_through(proxy.port())).await;
    let start = Instant::now();
    let (one, two) = tokio::join!(session.rows("SELECT 1"), session.rows("SELECT 2"));
    assert_eq!((one, two), (vec!["1".to_owned()], vec!["2".to_owned()]));
    assert!(start.elapsed() >= 2 * delay);
    assert_eq!(
        proxy.flights(),
        1,
        "the second question did not wait for the first answer"
    );
}

#[tokio::test]
async fn the_proxy_cuts() {
    let database = Server::shared().database();
    let proxy = Proxy::start(database.server().port());
    let session = Session::open(&database.url_through(proxy.port())).await;
    let (outcome, ()) = tokio::join!(session.try_batch("SELECT pg_sleep(60)"), async {
        tokio::task::yield_now().await; // the question goes first
        proxy.cut();
    });
    assert_eq!(outcome.unwrap_err(), "connection closed");
    Session::open(&database.url_through(proxy.port()))
        .await
        .batch("SELECT 1")
        .await;
}

/// A rollback that forgot one of these must not look exact.
#[tokio::test]
async fn the_catalogue_sees_each_change() {
    let server = Server::of_its_own(); // roles are among the changes
    let database = server.database();
    let session = database.session().await;
    session
        .batch(
            "CREATE TABLE t (id serial PRIMARY KEY, a text, b text NOT NULL DEFAULT 'x', CHECK (a <> b));
            CREATE INDEX t_a ON t (a);
            CREATE TYPE e AS ENUM ('one', 'two');
            CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
            CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
            CREATE ROLE dsentr_role;
            CREATE ROLE member",
        )
        .await;
    let before = catalogue::read_exactly(&session).await;
    for change in [
        "CREATE TABLE u ()",
        "CREATE VIEW v AS SELECT",
        "ALTER TABLE t ADD c int",
        "ALTER TABLE t ALTER a TYPE varchar(9)",
        "ALTER TABLE t ALTER a SET NOT NULL",
        "ALTER TABLE t ALTER b DROP DEFAULT",
        "ALTER TABLE t DROP CONSTRAINT t_check",
        "ALTER TABLE t RENAME CONSTRAINT t_check TO u",
        "ALTER TABLE t SET UNLOGGED",
        "ALTER TABLE t SET (fillfactor = 50)",
        "ALTER TABLE t ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE t DISABLE TRIGGER g",
        "ALTER TABLE t OWNER TO member",
        "DROP TRIGGER g ON t",
        "DROP INDEX t_a",
        "DROP INDEX t_a; CREATE UNIQUE INDEX t_a ON t (a)",
        "DROP INDEX t_a; CREATE INDEX t_a ON t (a) WHERE a > ''",
        "ALTER SEQUENCE t_id_seq CACHE 2",
        "ALTER SEQUENCE t_id_seq OWNED BY NONE",
        "ALTER TYPE e ADD VALUE 'half' BEFORE 'two'",
        "CREATE DOMAIN d AS int",
        "CREATE OR REPLACE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "CREATE POLICY p ON t USING (true)",
        "CREATE RULE r AS ON DELETE TO t DO INSTEAD NOTHING",
        "CREATE EXTENSION pgcrypto",
        "CREATE SCHEMA s",
        "COMMENT ON COLUMN t.a IS 'x'",
        "COMMENT ON SCHEMA public IS 'x'",
        "COMMENT ON ROLE dsentr_role IS 'x'",
        "GRANT SELECT ON t TO member",
        "GRANT SELECT (a) ON t TO member",
        "GRANT USAGE ON SEQUENCE t_id_seq TO member",
        "GRANT CREATE ON SCHEMA public TO member",
        "GRANT USAGE ON TYPE e TO member",
        "REVOKE EXECUTE ON FUNCTION f() FROM PUBLIC",
        "DO $$ BEGIN EXECUTE format('REVOKE CONNECT ON DATABASE %I FROM PUBLIC', current_database()); END $$",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO member",
        "ALTER ROLE dsentr_role CREATEDB",
        "CREATE ROLE dsentr_other",
        "GRANT dsentr_role TO member",
    ] {
        session.batch(&format!("BEGIN; {change}")).await;
        let after = catalogue::read_exactly(&session).await;
        session.batch("ROLLBACK").await;
        assert_ne!(before, after, "{change}");
    }
    let history = "CREATE TABLE refinery_schema_history (version int PRIMARY KEY, name text)";
    session.batch(history).await;
    catalogue::assert_same(history, &before, &catalogue::read_exactly(&session).await);
}

#[test]
fn the_executable_starts_in_an_empty_world() {
    let mut run = dsentr(&[]).env("NAME", "value").file("a", "b");
    assert_eq!(
        std::fs::read_to_string(run.home().join("a")).expect("it was written"),
        "b"
    );
    let variables: Vec<_> = run
        .command()
        .get_envs()
        .map(|(name, _)| name.to_owned())
        .collect();
    assert_eq!(variables, ["HOME", "NAME"]);
    assert!(run.run().code.is_some());
}

#[test]
fn what_differs_from_run_to_run_is_masked() {
    let database = Server::shared().database();
    let text = format!(
        "{} at 127.0.0.1:{}: applied   2025_05_08_1_init    38 ms",
        database.name(),
        database.server().port()
    );
    assert_eq!(
        mask(&text, &database),
        "<database> at 127.0.0.1:<port>: applied   2025_05_08_1_init <time>"
    );
    for (text, masked) in [
        ("1.25 s, 3 min, 7 µs", " <time>, <time>, <time>"),
        (
            "55 migrations, 3 seconds, v1 s",
            "55 migrations, 3 seconds, v1 s",
        ),
        ("é 12", "é 12"),
    ] {
        assert_eq!(mask_durations(text), masked);
    }
}
