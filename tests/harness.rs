//! Tests of the harness itself.

mod support;

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use support::catalogue;
use support::executable::dsentr;
use support::mask::{mask, mask_durations};
use support::pooler::{PoolMode, Pooler};
use support::proxy::{Fault, Proxy, Way};
use support::server::{Database, NULL, Role, Server, Session};

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
/// What `.ci/common` finds missing with these commands of the system: what it installs, and what it says.
fn found_missing(installed: &str, candidate: &str, clusters: &str) -> (String, String) {
    let script = format!(
        ". .ci/common
         newest_postgres() {{ echo /usr/lib/postgresql/15/bin; }}
         apt-cache() {{ printf 'postgresql-15:\\n  Installed: {installed}\\n  Candidate: {candidate}\\n'; }}
         pg_lsclusters() {{ echo '{clusters}'; }}
         set -euo pipefail
         outdated_postgres"
    );
    let output = Command::new("bash")
        .args(["-c", &script, "test"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("there is a bash");
    assert!(output.status.success(), "{output:?}");
    let text = |bytes| String::from_utf8(bytes).expect("the output is UTF-8");
    (text(output.stdout), text(output.stderr))
}

#[test]
fn an_old_server_is_replaced_unless_that_would_restart_a_cluster() {
    let [old, new] = ["15.9-0+deb12u1", "15.20-0+deb12u1"];
    let upgraded = format!("test: PostgreSQL {old} is installed, and {new} is to be had\n");
    let kept = format!(
        "test: uses PostgreSQL {old}, although {new} is to be had: an upgrade would restart a cluster that runs\n"
    );
    for (installed, candidate, cluster, missing, said) in [
        (new, new, "", "", ""),
        // From elsewhere, newer than what is offered.
        (new, old, "", "", ""),
        (old, new, "", "postgresql-15\n", upgraded.as_str()),
        (old, new, "15 main 5432 online postgres", "", &kept),
        (
            old,
            new,
            "15 main 5432 down postgres",
            "postgresql-15\n",
            &upgraded,
        ),
        (
            old,
            new,
            "14 main 5432 online postgres",
            "postgresql-15\n",
            &upgraded,
        ),
    ] {
        let found = found_missing(installed, candidate, cluster);
        assert_eq!(found, (missing.to_owned(), said.to_owned()), "{cluster}");
    }
}

#[test]
fn holds_servers_until_it_is_killed() {
    if std::env::var_os("DSENTR_TEST_HOLD").is_none() {
        return;
    }
    let server = Server::shared();
    let pooler = Pooler::start(server, PoolMode::Session, 1);
    println!(
        "\nservers\t{}\t{}\t{}",
        server.socket_dir().display(),
        server.port(),
        pooler.port()
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
fn servers_end_with_the_process_however_that_ends() {
    let mut holder = Command::new(std::env::current_exe().expect("a test knows itself"))
        .args(["--exact", "holds_servers_until_it_is_killed", "--nocapture"])
        .env("DSENTR_TEST_HOLD", "yes")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a test can be started");
    let output = std::io::BufReader::new(holder.stdout.as_mut().expect("its output is piped"));
    let line = std::io::BufRead::lines(output)
        .map_while(Result::ok)
        .find(|line| line.starts_with("servers\t"))
        .expect("it prints where its servers are");
    let [_, folder, ports @ ..] = &line.split('\t').collect::<Vec<_>>()[..] else {
        panic!("{line}");
    };
    let ports: Vec<u16> = ports
        .iter()
        .map(|port| port.parse().expect("a port"))
        .collect();
    assert_eq!(ports.len(), 2, "{line}");
    for port in &ports {
        TcpStream::connect(("127.0.0.1", *port)).expect("the server answers");
    }

    holder
        .kill()
        .expect("SIGKILL, which nothing in it can handle");
    // The scripts have inherited its standard error: the end of that is the end of the scripts.
    holder
        .wait_with_output()
        .expect("a killed process can be waited for");
    assert!(!std::path::Path::new(folder).exists(), "{folder} is left");
    for port in &ports {
        TcpStream::connect(("127.0.0.1", *port)).expect_err("the server is gone");
    }
}

#[tokio::test]
async fn a_server_that_crashed_comes_back_with_its_data() {
    let server = Server::of_its_own();
    let database = server.database();
    let session = database.session().await;
    session.batch("CREATE TABLE t ()").await;
    session.batch("BEGIN; CREATE TABLE u ()").await;
    server.crash();
    TcpStream::connect(("127.0.0.1", server.port())).expect_err("nobody listens");
    assert!(session.try_batch("COMMIT").await.is_err());

    server.start_again();
    let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";
    assert_eq!(database.session().await.value(tables).await, "1");
    let start = "SELECT pg_postmaster_start_time()";
    let before = database.session().await.value(start).await;
    server.crash_and_restart();
    let session = database.session().await;
    assert_ne!(session.value(start).await, before);
    assert_eq!(session.value(tables).await, "1");
}

#[tokio::test]
async fn a_standby_follows_and_takes_no_writes() {
    let primary = Server::of_its_own();
    let standby = primary.standby();
    let database = primary.database();
    database.session().await.batch("CREATE TABLE t ()").await;
    standby.catch_up_with(&primary);
    let session = Session::open(&database.url_through(standby.port())).await;
    assert_eq!(session.value("SELECT pg_is_in_recovery()").await, "t");
    assert_eq!(session.rows("TABLE t").await, [""; 0]);
    assert_eq!(
        session.try_batch("DROP TABLE t").await.unwrap_err(),
        "cannot execute DROP TABLE in a read-only transaction"
    );

    // Also over a crash of its primary, which is no crash of its own.
    primary.crash_and_restart();
    database.session().await.batch("DROP TABLE t").await;
    standby.catch_up_with(&primary);
    assert_eq!(
        session.value("SELECT to_regclass('t')").await,
        NULL,
        "the session that was open"
    );
}

/// Which connection to the server a session has now.
const BACKEND: &str = "SELECT pg_backend_pid()";

#[tokio::test]
async fn a_pooler_shares_connections_between_transactions() {
    let database = Server::shared().owned_database(Role::Owner);
    let pooler = Pooler::start(database.server(), PoolMode::Transaction, 1);
    let one = Session::open(&pooler.url(&database)).await;
    let two = Session::open(&pooler.url(&database)).await;
    assert_eq!(one.value("SELECT current_user").await, database.user());
    assert_eq!(one.value(BACKEND).await, two.value(BACKEND).await);
    let servers = pooler.admin("SHOW SERVERS");
    let ours = servers.iter().filter(|line| line.contains(database.user()));
    assert_eq!(ours.count(), 1, "{servers:?}");
    // The only connection is in a transaction: the other session waits for it.
    one.batch("BEGIN").await;
    let mut waiting = Box::pin(two.value(BACKEND));
    let early = tokio::time::timeout(Duration::from_millis(100), &mut waiting).await;
    assert!(early.is_err(), "{early:?}");
    one.batch("COMMIT").await;
    waiting.await;
}

#[tokio::test]
async fn a_pooler_in_session_mode_keeps_sessions_apart() {
    let database = Server::shared().database();
    let pooler = Pooler::start(database.server(), PoolMode::Session, 2);
    let one = Session::open(&pooler.url(&database)).await;
    let two = Session::open(&pooler.url(&database)).await;
    assert_ne!(one.value(BACKEND).await, two.value(BACKEND).await);
}

#[tokio::test]
async fn a_pooler_in_statement_mode_refuses_transactions() {
    let database = Server::shared().database();
    let pooler = Pooler::start(database.server(), PoolMode::Statement, 1);
    let session = Session::open(&pooler.url(&database)).await;
    session.batch("SELECT 1").await;
    assert_eq!(
        session.try_batch("BEGIN").await.unwrap_err(),
        "transaction blocks not allowed in statement pooling mode"
    );
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

/// For how long nothing must happen that would happen at once.
const A_WHILE: Duration = Duration::from_millis(200);

#[tokio::test]
async fn a_frozen_proxy_delivers_nothing_until_it_thaws() {
    let database = Server::shared().database();
    let proxy = Proxy::start(database.server().port());
    let session = Session::open(&database.url_through(proxy.port())).await;
    session.batch("CREATE SEQUENCE s").await;
    let direct = database.session().await;
    let reached = "SELECT is_called FROM s";
    for (way, arrives) in [(Way::ToServer, "f"), (Way::Both, "f"), (Way::ToClient, "t")] {
        direct.batch("SELECT setval('s', 1, false)").await;
        proxy.freeze(way);
        let mut answer = Box::pin(session.value("SELECT nextval('s')"));
        let early = tokio::time::timeout(A_WHILE, &mut answer).await;
        assert!(early.is_err(), "{way:?}: {early:?}");
        assert_eq!(direct.value(reached).await, arrives, "{way:?}");
        proxy.thaw();
        assert_eq!(answer.await, "1", "{way:?}");
    }

    proxy.freeze(Way::Both);
    let url = database.url_through(proxy.port());
    let late = tokio::time::timeout(A_WHILE, Session::open(&url)).await;
    assert!(late.is_err(), "a new connection is silent too");
}

/// The sessions on a database beside the one that asks.
const OTHERS: &str =
    "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";

async fn others(session: &Session) -> String {
    session.value(&format!("SELECT count(*) {OTHERS}")).await
}

/// Waits, for some seconds at the most, until a session is alone on its database.
async fn until_alone(session: &Session) {
    let start = Instant::now();
    while others(session).await != "0" {
        assert!(start.elapsed() < Duration::from_secs(5));
    }
}

#[tokio::test]
async fn over_a_frozen_proxy_the_server_does_not_learn_that_the_client_left() {
    let database = Server::shared().database();
    let proxy = Proxy::start(database.server().port());
    let direct = database.session().await;
    // A client that says no good-bye, which would be held back instead of its end.
    let mut client = TcpStream::connect(("127.0.0.1", proxy.port())).expect("it listens");
    client.write_all(&start_up(&database)).expect("sent");
    let mut answer = Vec::new();
    while !answer.ends_with(READY) {
        let mut byte = [0];
        client.read_exact(&mut byte).expect("the server answers");
        answer.extend(byte);
    }
    proxy.freeze(Way::ToServer);
    drop(client);
    let start = Instant::now();
    while start.elapsed() < A_WHILE {
        assert_eq!(others(&direct).await, "1");
    }
    proxy.thaw();
    until_alone(&direct).await;
}

#[tokio::test]
async fn over_a_frozen_proxy_the_client_does_not_learn_that_the_server_left() {
    let database = Server::shared().database();
    let proxy = Proxy::start(database.server().port());
    let direct = database.session().await;
    let session = Session::open(&database.url_through(proxy.port())).await;
    proxy.freeze(Way::ToClient);
    let terminate = format!("SELECT pg_terminate_backend(pid) {OTHERS}");
    direct.batch(&terminate).await;
    until_alone(&direct).await;
    let mut answer = Box::pin(session.try_batch("SELECT 1"));
    let early = tokio::time::timeout(A_WHILE, &mut answer).await;
    assert!(early.is_err(), "{early:?}");
    proxy.thaw();
    assert!(answer.await.is_err());
}

/// Commits a table through a proxy that has a fault for it, and tells whether it is there afterwards.
async fn commit_through(proxy: &Proxy, database: &Database<'_>, statements: &[&str]) -> bool {
    let session = Session::open(&database.url_through(proxy.port())).await;
    let (last, before) = statements.split_last().expect("a COMMIT");
    for statement in before {
        session.batch(statement).await;
        assert!(!proxy.fired(), "{statement}");
    }
    let limit = Duration::from_secs(5);
    let outcome = tokio::time::timeout(limit, session.try_batch(last)).await;
    let outcome = outcome.expect("it does not wait for ever");
    assert_eq!(outcome.unwrap_err(), "connection closed");
    assert!(proxy.fired());
    proxy.until_fired();
    // The server has not gone on with anything when it no longer knows the session.
    let direct = database.session().await;
    until_alone(&direct).await;
    direct.value("SELECT to_regclass('t')").await != NULL
}

#[tokio::test]
async fn a_commit_loses_its_request_or_its_answer() {
    let server = Server::shared();
    for (fault, committed) in [(Fault::LoseRequest, false), (Fault::LoseAnswer, true)] {
        for statements in [
            &["BEGIN", "CREATE TABLE t ()", "COMMIT"][..],
            &["BEGIN", "CREATE TABLE t ()", " commit ;\n"],
            &["SELECT 'COMMIT '", "BEGIN; CREATE TABLE t (); COMMIT"],
        ] {
            let database = server.database();
            let proxy = Proxy::start(server.port());
            proxy.on_commit(fault, 1);
            let outcome = commit_through(&proxy, &database, statements).await;
            assert_eq!(outcome, committed, "{fault:?}: {statements:?}");
            // It has happened, and happens to no other connection.
            let session = Session::open(&database.url_through(proxy.port())).await;
            session.batch("BEGIN; COMMIT").await;
        }
    }
}

#[tokio::test]
async fn commits_are_counted_over_all_connections() {
    let database = Server::shared().database();
    let proxy = Proxy::start(database.server().port());
    proxy.on_commit(Fault::LoseAnswer, 3);
    let one = Session::open(&database.url_through(proxy.port())).await;
    let two = Session::open(&database.url_through(proxy.port())).await;
    for session in [&one, &two] {
        session.batch("BEGIN; COMMIT").await;
    }
    // What was asked before it is answered, also when it is asked in one breath with it.
    let (before, commit) = tokio::join!(one.rows("SELECT 1"), one.try_batch("COMMIT"));
    assert_eq!((before, proxy.fired()), (vec!["1".to_owned()], true));
    assert_eq!(commit.unwrap_err(), "connection closed");
    two.batch("SELECT 1").await;
}

#[tokio::test]
async fn what_follows_a_commit_whose_answer_is_lost_does_not_arrive() {
    let database = Server::shared().database();
    let proxy = Proxy::start(database.server().port());
    let session = Session::open(&database.url_through(proxy.port())).await;
    proxy.on_commit(Fault::LoseAnswer, 1);
    // The answer comes no further than the proxy, and so the cut has to wait.
    proxy.freeze(Way::ToClient);
    let outcomes = ["BEGIN; COMMIT", "CREATE TABLE t ()"].map(|sql| session.try_batch(sql));
    let mut outcomes = outcomes.map(Box::pin);
    for outcome in &mut outcomes {
        let early = tokio::time::timeout(A_WHILE, outcome).await;
        assert!(early.is_err(), "{early:?}");
    }
    assert!(!proxy.fired());
    proxy.thaw();
    for outcome in outcomes {
        assert_eq!(outcome.await.unwrap_err(), "connection closed");
    }
    let direct = database.session().await;
    assert_eq!(direct.value("SELECT to_regclass('t')").await, NULL);
}

/// How the end of an answer begins, outside of a transaction.
const READY: &[u8] = b"Z\0\0\0\x05I";

/// A message without a letter before it.
fn message(text: &[u8]) -> Vec<u8> {
    let length = u32::try_from(text.len() + 4).expect("it is short");
    [&length.to_be_bytes(), text].concat()
}

/// The first message of a session.
fn start_up(database: &Database<'_>) -> Vec<u8> {
    let (user, name) = (database.user(), database.name());
    message(format!("\0\x03\0\0user\0{user}\0database\0{name}\0\0").as_bytes())
}

/// Asks a server for encryption, which it has not, then says something byte by byte, and returns all that it answers.
fn spelled(port: u16, text: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the server answers");
    stream.set_nodelay(true).expect("TCP has this option");
    let limit = Some(Duration::from_secs(5));
    stream.set_read_timeout(limit).expect("TCP has this option");
    let mut answer = [0];
    stream.write_all(&message(&[4, 210, 22, 47])).expect("sent");
    stream.read_exact(&mut answer).expect("yes or no");
    for byte in text {
        if stream.write_all(&[*byte]).is_err() {
            break; // cut
        }
    }
    let mut answer = answer.to_vec();
    let ended = stream.read_to_end(&mut answer);
    let reset = |error: &std::io::Error| error.kind() == ErrorKind::ConnectionReset;
    assert!(ended.as_ref().map_or_else(reset, |_| true), "{ended:?}");
    answer
}

#[tokio::test]
async fn messages_are_recognized_however_they_are_split() {
    let database = Server::shared().database();
    let query = |text: &str| [b"Q", &message(format!("{text}\0").as_bytes())[..]].concat();
    let text = [
        start_up(&database),
        query("BEGIN"),
        query("COMMIT"),
        query("CREATE TABLE t ()"),
        [b"X", &message(b"")[..]].concat(), // the good-bye
    ]
    .concat();
    // All is said before the first answer comes.
    let proxy = Proxy::with_delay(database.server().port(), Duration::from_millis(40));
    let seen = || {
        let answer = spelled(proxy.port(), &text);
        let ready = answer.windows(READY.len()).filter(|at| *at == READY);
        (answer[0], ready.count(), proxy.fired())
    };
    let direct = database.session().await;
    for (fault, answers) in [(Fault::LoseRequest, 1), (Fault::LoseAnswer, 1)] {
        proxy.on_commit(fault, 1);
        assert_eq!(seen(), (b'N', answers, true), "{fault:?}");
        until_alone(&direct).await;
        let table = direct.value("SELECT to_regclass('t')").await;
        assert_eq!(table, NULL, "{fault:?}: what follows does not arrive");
    }
    proxy.on_commit(Fault::LoseAnswer, 2);
    assert_eq!(seen(), (b'N', 3, false), "the only COMMIT is the first");
}

#[tokio::test]
async fn a_proxy_that_refuses_lets_nobody_in_and_nobody_out() {
    let database = Server::shared().database();
    let proxy = Proxy::start(database.server().port());
    let url = database.url_through(proxy.port());
    let session = Session::open(&url).await;
    proxy.refuse();
    assert!(Session::try_open(&url).await.is_err());
    session.batch("SELECT 1").await;
    proxy.accept();
    Session::open(&url).await;
    assert_eq!(proxy.connections(), 2);
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
