//! From settings to a session: who is let in how, what is said to those who are not, and that no secret is ever shown.

mod support;

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use dsentr_migrate::source::MAJORS;
use support::executable::{Dsentr, Run, dsentr};
use support::golden::golden;
use support::mask::mask;
use support::proxy::Proxy;
use support::server::Server;

/// A number, since settings files and variables of other programs take such a one for no text.
const PASSWORD: &str = "918273645546372819";

/// A port that nobody listens on.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener
        .local_addr()
        .expect("a bound socket has an address")
        .port()
}

#[test]
fn what_cannot_be_reached_is_worth_another_try_and_what_is_wrong_is_not() {
    let server = Server::shared();
    let port = server.port().to_string();
    let nobody = free_port().to_string();
    let masked = |run: Run| {
        run.text()
            .replace(&format!(":{port}"), ":<port>")
            .replace(&format!(":{nobody}"), ":<free port>")
            // With and without a network the resolver gives another reason.
            .replace(
                "Temporary failure in name resolution",
                "Name or service not known",
            )
    };
    let mut all = String::new();
    for url in [
        format!("postgres://postgres@127.0.0.1:{nobody}/postgres"),
        format!("postgres://postgres@127.0.0.1:{nobody},127.0.0.1:{nobody}/postgres"),
        "postgres://postgres@no-such-host.invalid/postgres".to_owned(),
        format!("postgres://postgres@127.0.0.1:{port}/nosuchdatabase"),
        format!("postgres://nosuchrole@127.0.0.1:{port}/postgres"),
        format!("postgres://postgres@127.0.0.1:{port}/postgres?sslmode=verify-full"),
        format!("postgres://postgres@127.0.0.1:{port}/postgres?pool_size=3"),
        "mysql://root@localhost/db".to_owned(),
    ] {
        let status = dsentr(&["status", "--wait-timeout", "0"]);
        all.push_str(&masked(status.env("DATABASE_URL", &url).run()));
    }
    all.push_str(&masked(dsentr(&["status"]).run()));
    golden("connect_refused.txt", &all);
}

/// The first answer of a server that accepts and then says nothing never comes.
#[test]
fn a_silent_server_is_given_up() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = silent
        .local_addr()
        .expect("a bound socket has an address")
        .port()
        .to_string();
    let run = dsentr(&["status"])
        .env("PGHOST", "127.0.0.1")
        .env("PGPORT", &port)
        .env("PGUSER", "postgres")
        .env("DSENTR_MIGRATE_DATABASE_CONNECT_TIMEOUT", "200ms")
        .env("DSENTR_MIGRATE_WAIT_TIMEOUT", "0")
        .run();
    golden("connect_silent.txt", &run.text().replace(&port, "<port>"));
}

/// Each command says it once, however often it connects.
#[test]
fn a_server_newer_than_all_that_migrations_are_proven_on_is_named() {
    let server = Server::shared();
    let database = server.database();
    let proxy = Proxy::start(server.port());
    proxy.name_newer_server();
    let newest = MAJORS.into_iter().max().expect("some major is supported");
    let mut all = String::new();
    for command in ["status", "plan", "wait"] {
        let run = dsentr(&[command])
            .env("DATABASE_URL", &database.url_through(proxy.port()))
            .run();
        all += &mask(&run.stderr, &database).replace(&newest.to_string(), "<newest>");
    }
    golden("connect_newer.txt", &all);
}

#[test]
fn over_the_socket_and_to_the_second_host() {
    let server = Server::shared();
    let database = server.database();
    let port = server.port().to_string();
    let socket = dsentr(&[
        "up",
        "--host",
        &server.socket_dir().display().to_string(),
        "--port",
        &port,
        "--user",
        "postgres",
        "--database",
        database.name(),
    ])
    .run();
    assert_eq!(socket.code, Some(0), "{}", socket.stderr);
    let second = format!(
        "postgres://postgres@127.0.0.1:{},127.0.0.1:{port}/{}",
        free_port(),
        database.name()
    );
    let second = dsentr(&["status", "--check"])
        .env("DATABASE_URL", &second)
        .run();
    assert_eq!(second.code, Some(0), "{}", second.stderr);
}

#[tokio::test]
async fn a_server_that_takes_no_writes_is_passed_over() {
    let database = Server::shared().database();
    let session = database.session().await;
    session
        .batch(&format!(
            "ALTER DATABASE {} SET default_transaction_read_only TO on",
            database.name()
        ))
        .await;
    let url = format!("{}?target_session_attrs=read-write", database.url());
    let run = dsentr(&["status", "--wait-timeout", "0"])
        .env("DATABASE_URL", &url)
        .run();
    golden(
        "connect_read_only.txt",
        &support::mask::mask(&run.text(), &database),
    );
    session.close().await;
}

/// A server that asks `locked` for a password.
struct Locked {
    server: Server,
}

impl Locked {
    fn start() -> Self {
        let server = Server::of_its_own();
        server.administer(&[
            "SET password_encryption = 'scram-sha-256'",
            &format!("CREATE ROLE locked LOGIN PASSWORD '{PASSWORD}'"),
            // Only the server itself may write into its data folder.
            "DO $$ BEGIN EXECUTE format($f$COPY (VALUES ('host all locked 127.0.0.1/32 scram-sha-256')) TO %L$f$, \
             current_setting('hba_file')); END $$",
            "SELECT pg_reload_conf()",
        ]);
        let locked = Self { server };
        // The reload reaches the server by a signal: until it does, the old rules let everybody in.
        while locked.status(&[]).run().code == Some(0) {
            std::thread::yield_now();
        }
        locked
    }

    fn port(&self) -> String {
        self.server.port().to_string()
    }

    /// `status` as `locked`, without a password.
    fn status(&self, arguments: &[&str]) -> Dsentr {
        let mut all = vec!["status"];
        all.extend(arguments);
        dsentr(&all)
            .env("PGHOST", "127.0.0.1")
            .env("PGPORT", &self.port())
            .env("PGUSER", "locked")
            .env("PGDATABASE", "postgres")
    }

    fn passfile(&self) -> String {
        let port = self.port();
        format!("# libpq's\n*:*:postgres:other:no\n127.0.0.1:{port}:*:locked:{PASSWORD}\n")
    }
}

/// A file that only its owner can read.
fn private(run: Dsentr, name: &str) -> Dsentr {
    let path = run.home().join(name);
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).expect("it is ours");
    run
}

#[test]
fn a_password_is_found_where_libpq_finds_it_and_never_shown() {
    let locked = Locked::start();
    let status = |arguments: &[&str]| locked.status(arguments);
    let url = format!("postgres://locked:{PASSWORD}@127.0.0.1/postgres");
    let toml = format!("[database]\npassword = \"{PASSWORD}\"\n");
    let line = format!("{PASSWORD}\n");
    let passfile = locked.passfile();
    let file = "DSENTR_MIGRATE_DATABASE_PASSWORD_FILE";
    let ways = [
        status(&[]).env("PGPASSWORD", PASSWORD),
        status(&[]).env("DSENTR_MIGRATE_DATABASE_PASSWORD", PASSWORD),
        status(&[]).env("DATABASE_URL", &url),
        status(&[])
            .env("DATABASE_URL_FILE", "url")
            .file("url", &format!("{url}\n")),
        status(&[]).env(file, "secret").file("secret", &line),
        status(&["--password-file", "secret"]).file("secret", &line),
        status(&["--config", "a.toml"]).file("a.toml", &toml),
        private(status(&[]).file(".pgpass", &passfile), ".pgpass"),
        private(
            status(&[])
                .env("PGPASSFILE", "pass")
                .file("pass", &passfile),
            "pass",
        ),
    ];
    for (way, run) in ways.into_iter().enumerate() {
        let run = run.env("DSENTR_MIGRATE_LOG_LEVEL", "trace").run();
        assert_eq!(run.code, Some(0), "way {way}: {}", run.stderr);
        assert!(!run.text().contains(PASSWORD), "way {way}: {}", run.text());
    }
}

#[test]
fn without_a_password_it_is_said_how_to_give_one_and_a_wrong_one_is_not_shown() {
    let locked = Locked::start();
    let status = |arguments: &[&str]| locked.status(arguments);
    let toml = |content: &str| status(&["--config", "a.toml"]).file("a.toml", content);
    let runs = [
        status(&[]),
        status(&[]).env("PGPASSWORD", "wrong"),
        // Settings that lost their quotes: the number is the secret.
        toml(&format!("[database]\npassword = {PASSWORD}\n")),
        toml("[database]\npassword = s3cret\n"),
        toml(&format!("[database]\nurl = {PASSWORD}\n")),
        status(&["--password-file", "absent"]),
        status(&["--password-file", "empty"]).file("empty", "\n"),
    ];
    let port = format!(":{}", locked.port());
    let mut all: String = runs
        .into_iter()
        .map(|run| run.run().text().replace(&port, ":<port>"))
        .collect();
    // Open to others: warned of, and not read.
    let open = status(&[]).file(".pgpass", &locked.passfile());
    let open = open.env("DSENTR_MIGRATE_LOG_FORMAT", "json").run().text();
    let (warning, rest) = open.split_once('\n').expect("a warning, then an error");
    let (_, warning) = warning.split_once("\"level\"").expect("a level");
    let (warning, _) = warning.split_once("\"path\"").expect("a path");
    all.push_str(&format!(
        "\"level\"{warning}\n{}",
        rest.replace(&port, ":<port>")
    ));
    golden("connect_password.txt", &all);
}
