//! From settings to a session: who is let in how, what is said to those who are not, and that no secret is ever shown.

mod support;

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use support::executable::{Run, dsentr};
use support::golden::golden;
use support::server::Server;

const PASSWORD: &str = "12345";

fn text(run: &Run) -> String {
    let code = run
        .code
        .map_or_else(|| "signal".to_owned(), |code| code.to_string());
    format!("{}{}[exit {code}]\n", run.stdout, run.stderr)
}

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
        text(&run)
            .replace(&format!(":{port}"), ":<port>")
            .replace(&format!(":{nobody}"), ":<free port>")
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
        all.push_str(&masked(dsentr(&["status"]).env("DATABASE_URL", &url).run()));
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
        .run();
    golden("connect_silent.txt", &text(&run).replace(&port, "<port>"));
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
    let run = dsentr(&["status"]).env("DATABASE_URL", &url).run();
    golden(
        "connect_read_only.txt",
        &support::executable::mask(&text(&run), &database),
    );
    session.close().await;
}

/// A server that asks `locked` for a password.
fn server_with_password() -> Server {
    let server = Server::of_its_own();
    server.administer(&[
        "SET password_encryption = 'scram-sha-256'",
        &format!("CREATE ROLE locked LOGIN PASSWORD '{PASSWORD}'"),
        "GRANT ALL ON SCHEMA public TO locked",
        // Only the server itself may write into its data folder.
        "DO $$ BEGIN EXECUTE format($f$COPY (SELECT 'host all locked 127.0.0.1/32 scram-sha-256' UNION ALL SELECT 'host all all 127.0.0.1/32 trust' ORDER BY 1 DESC) TO %L$f$, current_setting('hba_file')); END $$",
        "SELECT pg_reload_conf()",
    ]);
    server
}

#[test]
fn a_password_is_found_where_libpq_finds_it_and_never_shown() {
    let server = server_with_password();
    let port = server.port().to_string();
    let start = |arguments: &[&str]| {
        let mut all = vec!["--log-level", "trace"];
        all.extend(arguments);
        dsentr(&all)
            .env("PGHOST", "127.0.0.1")
            .env("PGPORT", &port)
            .env("PGUSER", "locked")
            .env("PGDATABASE", "postgres")
    };
    // The reload reaches the postmaster by a signal: until it does, the old rules let everybody in.
    while dsentr(&["status"])
        .env(
            "DATABASE_URL",
            &format!("postgres://locked@127.0.0.1:{port}/postgres"),
        )
        .run()
        .code
        == Some(0)
    {
        std::thread::yield_now();
    }
    let passfile =
        format!("# libpq's\n*:*:postgres:other:no\n127.0.0.1:{port}:*:locked:{PASSWORD}\n");
    let ways = [
        ("variable", start(&["status"]).env("PGPASSWORD", PASSWORD)),
        (
            "our variable",
            start(&["status"]).env("DSENTR_MIGRATE_DATABASE_PASSWORD", PASSWORD),
        ),
        (
            "url",
            start(&["status"]).env(
                "DATABASE_URL",
                &format!("postgres://locked:{PASSWORD}@127.0.0.1/postgres"),
            ),
        ),
        (
            "url in a file",
            start(&["status"])
                .file(
                    "url",
                    &format!("postgres://locked:{PASSWORD}@127.0.0.1/postgres\n"),
                )
                .env("DATABASE_URL_FILE", "url"),
        ),
        (
            "secret file",
            start(&["status"])
                .file("secret", &format!("{PASSWORD}\n"))
                .env("DSENTR_MIGRATE_DATABASE_PASSWORD_FILE", "secret"),
        ),
        (
            "flag",
            start(&["status", "--password-file", "secret"]).file("secret", PASSWORD),
        ),
        (
            "settings file",
            start(&["status", "--config", "dsentr.toml"]).file(
                "dsentr.toml",
                &format!("[database]\npassword = \"{PASSWORD}\"\n"),
            ),
        ),
        (
            "password file",
            private(start(&["status"]).file(".pgpass", &passfile), ".pgpass"),
        ),
        (
            "named password file",
            private(
                start(&["status"])
                    .file("pass", &passfile)
                    .env("PGPASSFILE", "pass"),
                "pass",
            ),
        ),
    ];
    for (way, run) in ways {
        let run = run.run();
        assert_eq!(run.code, Some(0), "{way}: {}", run.stderr);
        assert!(
            !format!("{}{}", run.stdout, run.stderr)
                .replace(&port, "")
                .contains(PASSWORD),
            "{way}: {}{}",
            run.stdout,
            run.stderr
        );
    }
    let quiet = |run: support::executable::Dsentr| {
        text(&run.env("DSENTR_MIGRATE_LOG_LEVEL", "warn").run())
            .replace(&format!(":{port}"), ":<port>")
    };
    let plain = |arguments: &[&str]| {
        dsentr(arguments)
            .env("PGHOST", "127.0.0.1")
            .env("PGPORT", &port)
            .env("PGUSER", "locked")
            .env("PGDATABASE", "postgres")
    };
    let mut all = quiet(plain(&["status"]));
    all.push_str(&quiet(plain(&["status"]).env("PGPASSWORD", "wrong")));
    // A settings file that lost its quotes: the number is the secret.
    all.push_str(&quiet(
        plain(&["status", "--config", "a.toml"]).file("a.toml", "[database]\npassword = 12345\n"),
    ));
    all.push_str(&quiet(
        plain(&["status", "--config", "a.toml"]).file("a.toml", "[database]\npassword = s3cret\n"),
    ));
    all.push_str(&quiet(
        plain(&["status", "--config", "a.toml"]).file("a.toml", "[database]\nurl = 12345\n"),
    ));
    all.push_str(&quiet(plain(&["status", "--password-file", "absent"])));
    all.push_str(&quiet(
        plain(&["status", "--password-file", "empty"]).file("empty", "\n"),
    ));
    let open = quiet(
        plain(&["status"])
            .file(".pgpass", &passfile)
            .env("DSENTR_MIGRATE_LOG_FORMAT", "json"),
    );
    let open = open.lines().map(|line| {
        line.split_once("\"path\"").map_or(
            line,
            |(_, _)| "(a warning that ~/.pgpass is open to others)",
        )
    });
    all.push_str(&open.collect::<Vec<_>>().join("\n"));
    golden("connect_password.txt", &all);
}

/// A password file that only its owner can read.
fn private(run: support::executable::Dsentr, name: &str) -> support::executable::Dsentr {
    let path = run.home().join(name);
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
        .expect("the file is ours");
    run
}
