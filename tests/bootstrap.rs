//! `bootstrap` on servers of their own, since roles belong to a server: what it makes as whom, what it leaves alone,
//! and what it says.

mod support;

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use dsentr_migrate::embedded::MIGRATIONS;
use support::catalogue;
use support::executable::{Dsentr, Run, dsentr};
use support::golden::golden;
use support::mask::{mask_durations, mask_version};
use support::running::Running;
use support::server::{Server, Session};

/// Who is no superuser and may make roles and databases, as the first user of a managed PostgreSQL.
const MANAGED: &str = "CREATE ROLE admin LOGIN CREATEROLE CREATEDB";

/// How somebody connects.
fn url(server: &Server, user: &str, database: &str) -> String {
    format!("postgres://{user}@127.0.0.1:{}/{database}", server.port())
}

/// A command for the database `dsentr` of the role `dsentr`, with `admin` as the administrator.
fn command(server: &Server, admin: &str, arguments: &[&str]) -> Dsentr {
    dsentr(arguments)
        .env("DATABASE_URL", &url(server, "dsentr", "dsentr"))
        .env(
            "DSENTR_MIGRATE_BOOTSTRAP_URL",
            &url(server, admin, "postgres"),
        )
}

fn with_roles(run: Dsentr) -> Dsentr {
    run.env("DSENTR_MIGRATE_BOOTSTRAP_APPLICATION_ROLE", "app")
        .env("DSENTR_MIGRATE_BOOTSTRAP_READ_ONLY_ROLE", "reader")
}

/// What a run said, without what differs from server to server, and without what memberships have since PostgreSQL 16.
fn told(server: &Server, run: &Run) -> String {
    let port = server.port().to_string();
    let text = run
        .text()
        .replace(&format!(":{port}"), ":<port>")
        .replace(&format!("\"port\": {port}"), "\"port\": <port>");
    let text = text.replace(" WITH INHERIT TRUE, SET TRUE", "");
    mask_durations(&mask_version(&text))
}

async fn major(session: &Session) -> u32 {
    let major = "SELECT current_setting('server_version_num')::integer / 10000";
    let major = session.value(major).await;
    major.parse().expect("a number")
}

async fn superuser(server: &Server) -> Session {
    Session::open(&url(server, "postgres", "postgres")).await
}

/// Every row of the server's shared catalogues about roles and databases, with the transaction that wrote it, and all of
/// the database.
async fn everything(server: &Server) -> BTreeMap<String, String> {
    let session = superuser(server).await;
    let shared = "
        SELECT concat_ws(' ', 'role', xmin, a) FROM pg_authid AS a
        UNION ALL SELECT concat_ws(' ', 'member', xmin, m) FROM pg_auth_members AS m
        UNION ALL SELECT concat_ws(' ', 'database', xmin, d) FROM pg_database AS d
        UNION ALL SELECT concat_ws(' ', 'setting', xmin, s) FROM pg_db_role_setting AS s";
    let rows = session.rows(shared).await;
    let mut all: BTreeMap<String, String> =
        rows.into_iter().map(|row| (row, String::new())).collect();
    if let Ok(session) = Session::try_open(&url(server, "postgres", "dsentr")).await {
        all.extend(catalogue::read_exactly(&session).await);
        session.close().await;
    }
    session.close().await;
    all
}

/// A name of a golden file, which is another one where schema public is not the owner's from the start.
async fn by_major(server: &Server, name: &str) -> String {
    match major(&superuser(server).await).await {
        ..15 => format!("bootstrap_{name}_before_15.txt"),
        _ => format!("bootstrap_{name}.txt"),
    }
}

fn assert_nothing_to_do(run: &Run) {
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{run:?}");
    let last = run.stdout.lines().last().unwrap_or_default();
    assert!(last.starts_with("nothing to do: "), "{}", run.stdout);
}

/// Twice, then for machines: text as in the golden file, and nothing is changed by the second and the third.
async fn assert_made_once(server: &Server, admin: &str, name: &str) {
    let bootstrap = |arguments: &[&str]| with_roles(command(server, admin, arguments)).run();
    let first = bootstrap(&["bootstrap"]);
    let before = everything(server).await;
    let again = bootstrap(&["bootstrap"]);
    let json = bootstrap(&["bootstrap", "--output", "json"]);
    assert_eq!(everything(server).await, before);
    assert_nothing_to_do(&again);
    let text: String = [first, again, json]
        .iter()
        .map(|run| told(server, run))
        .collect();
    golden(&by_major(server, name).await, &text);
}

#[tokio::test]
async fn a_superuser_makes_everything_once() {
    let server = Server::of_its_own();
    assert_made_once(&server, "postgres", "superuser").await;
    let session = Session::open(&url(&server, "postgres", "dsentr")).await;
    // Nothing in it is the administrator's, so the owner needs nobody any more.
    let owners = "SELECT (SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()),
        (SELECT pg_get_userbyid(extowner) FROM pg_extension WHERE extname = 'pgcrypto'),
        (SELECT pg_has_role('dsentr', nspowner, 'USAGE') FROM pg_namespace WHERE nspname = 'public'),
        getdatabaseencoding(),
        (SELECT datcollate = (SELECT datcollate FROM pg_database WHERE datname = 'template0') FROM pg_database WHERE datname = current_database())";
    assert_eq!(session.value(owners).await, "dsentr|dsentr|t|UTF8|t");
}

#[tokio::test]
async fn an_administrator_without_superuser_makes_everything_once() {
    let server = Server::of_its_own();
    server.administer(&[MANAGED]);
    assert_made_once(&server, "admin", "managed").await;
}

/// `up` runs as the owner, who may do nothing else; then the application may write, its readers read, and nobody else
/// come in.
async fn assert_complete(server: &Server, admin: &str) {
    let run = |arguments: &[&str]| with_roles(command(server, admin, arguments)).run();
    let first = run(&["bootstrap", "--up"]);
    assert_eq!(first.code, Some(0), "{}", first.text());
    let verify = run(&["verify"]);
    assert_eq!(verify.code, Some(0), "{}", verify.text());
    let up = run(&["up"]);
    let last = up.stdout.lines().last();
    assert_eq!(last, Some("nothing to do: the database is at 2025_12_03_1"));
    let before = everything(server).await;
    assert_nothing_to_do(&run(&["bootstrap"]));
    assert_eq!(everything(server).await, before);

    let app = Session::open(&url(server, "app", "dsentr")).await;
    app.batch("INSERT INTO early_access_emails (email) VALUES ('a@b.c'); UPDATE early_access_emails SET email = 'd@e.f'; DELETE FROM early_access_emails")
        .await;
    let denied = |word: &str| Err(format!("permission denied for {word}"));
    let drop = app.try_batch("DROP TABLE users").await;
    assert_eq!(drop, Err("must be owner of table users".to_owned()));
    let reader = Session::open(&url(server, "reader", "dsentr")).await;
    reader.batch("SELECT * FROM users").await;
    let write = reader.try_batch("DELETE FROM users").await;
    assert_eq!(write, denied("table users"));
    for session in [&app, &reader] {
        let create = session.try_batch("CREATE TABLE t ()").await;
        // Where schema public is not the owner's, the step could not take it from PUBLIC, and said so.
        if session
            .value("SELECT NOT has_schema_privilege('dsentr_readonly', 'public', 'CREATE')")
            .await
            == "t"
        {
            assert_eq!(create, denied("schema public"));
        }
    }
    server.administer(&["CREATE ROLE stranger LOGIN"]);
    let stranger = Session::try_open(&url(server, "stranger", "dsentr")).await;
    assert_eq!(
        stranger.err().as_deref(),
        Some(
            "permission denied for database \"dsentr\"\nDETAIL: User does not have CONNECT privilege."
        )
    );
    let owner = "SELECT rolsuper, rolcreaterole, rolcreatedb, rolcanlogin FROM pg_roles WHERE rolname = 'dsentr'";
    assert_eq!(superuser(server).await.value(owner).await, "f|f|f|t");
}

#[tokio::test]
async fn with_up_a_superuser_gets_a_database_that_the_application_can_use() {
    let server = Server::of_its_own();
    assert_complete(&server, "postgres").await;
    let session = Session::open(&url(&server, "postgres", "dsentr")).await;
    let public = "SELECT has_schema_privilege('dsentr_readonly', 'public', 'CREATE'), has_database_privilege('stranger', current_database(), 'TEMPORARY')";
    assert_eq!(session.value(public).await, "f|f");
}

#[tokio::test]
async fn with_up_a_managed_server_gets_one_too() {
    let server = Server::of_its_own();
    server.administer(&[MANAGED]);
    assert_complete(&server, "admin").await;
}

#[tokio::test]
async fn for_machines_there_is_one_document() {
    let server = Server::of_its_own();
    let run = |arguments: &[&str]| command(&server, "postgres", arguments).run();
    let first = run(&["bootstrap", "--up", "--output", "json"]);
    let document: serde_json::Value =
        serde_json::from_str(&first.stdout).expect("one document of JSON");
    assert_eq!(document["schema"], "dsentr-migrate/bootstrap/1");
    assert_eq!(document["up"]["schema"], "dsentr-migrate/up/1");
    assert_eq!(document["up"]["position"], "2025_12_03_1");
    // Where `up` ends before it has a result, its error stands there.
    server.administer(&["ALTER ROLE dsentr CONNECTION LIMIT 0"]);
    let failed = run(&[
        "bootstrap",
        "--up",
        "--output",
        "json",
        "--wait-timeout",
        "0",
    ]);
    golden(
        &by_major(&server, "up_failed").await,
        &told(&server, &failed),
    );
}

/// What psql says of a script.
fn psql(server: &Server, script: &str) -> (Option<i32>, String) {
    let port = server.port().to_string();
    let mut child = Command::new("psql")
        .args(["-X", "-q", "-h", "127.0.0.1", "-p", &port, "-U", "postgres"])
        .args(["-d", "postgres", "-f", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("psql is there");
    let mut input = child.stdin.take().expect("it is piped");
    std::io::Write::write_all(&mut input, script.as_bytes()).expect("psql reads");
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    let text = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    (output.status.code(), text)
}

#[tokio::test]
async fn a_dry_run_is_a_script_that_does_the_same() {
    let server = Server::of_its_own();
    let run = |arguments: &[&str]| {
        with_roles(command(&server, "postgres", arguments))
            .env("DSENTR_MIGRATE_DATABASE_PASSWORD_FILE", "owner")
            .env("DSENTR_MIGRATE_BOOTSTRAP_APPLICATION_PASSWORD", "hunter2")
    };
    let before = everything(&server).await;
    let dry = run(&["bootstrap", "--dry-run"]);
    let home = dry.home().to_owned();
    let dry = dry.run();
    assert!(!home.join("owner").exists());
    let json = run(&["bootstrap", "--dry-run", "--output", "json"]).run();
    assert_eq!(everything(&server).await, before);
    assert_eq!(psql(&server, &dry.stdout), (Some(0), String::new()));
    let done = everything(&server).await;
    assert_nothing_to_do(&run(&["bootstrap"]).run());
    let nothing = run(&["bootstrap", "--dry-run"]).run();
    assert_eq!(everything(&server).await, done);
    let text: String = [dry, json, nothing]
        .iter()
        .map(|run| told(&server, run))
        .collect();
    assert!(!text.contains("hunter2") && !text.contains("SCRAM"));
    golden(&by_major(&server, "dry_run").await, &text);
}

/// The step of the schema that needs the roles says how it wants them.
#[test]
fn the_groups_are_those_of_the_step() {
    let server = Server::of_its_own();
    let dry = command(&server, "postgres", &["bootstrap", "--dry-run"]).run();
    let step = include_str!("../migrations/2025_10_29_1_harden_permissions.sql");
    let made: Vec<&str> = dry
        .stdout
        .lines()
        .filter(|line| line.contains("NOLOGIN"))
        .collect();
    assert_eq!(made.len(), 3);
    for line in made {
        assert!(step.contains(&line.replace('"', "")), "{line}");
    }
}

/// Wherever a run is cut off, the next one finishes it, and it ends alike.
#[tokio::test]
async fn what_was_cut_off_is_finished() {
    let server = Server::of_its_own();
    server.administer(&[MANAGED]);
    let run = |arguments: &[&str]| with_roles(command(&server, "admin", arguments)).run();
    let dry = run(&["bootstrap", "--dry-run", "--output", "json"]);
    let dry: serde_json::Value = serde_json::from_str(&dry.stdout).expect("JSON");
    let items = dry["items"].as_array().expect("a list");
    let absent: Vec<&str> = items
        .iter()
        .filter(|item| item["state"] == "absent")
        .filter_map(|item| item["sql"].as_str())
        .collect();
    let state = "SELECT string_agg(r::text, ' ' ORDER BY rolname) FROM (SELECT rolname, rolcanlogin, rolinherit FROM pg_roles WHERE rolname !~ '^pg_') AS r";
    let members = "SELECT string_agg(DISTINCT concat_ws(' ', member::regrole, roleid::regrole), ', ') FROM pg_auth_members WHERE roleid::regrole::text IN ('dsentr', 'dsentr_app', 'dsentr_readonly') AND member::regrole::text <> 'admin'";
    let mut ends = std::collections::BTreeSet::new();
    for cut in 0..absent.len() {
        let admin = Session::open(&url(&server, "admin", "postgres")).await;
        for sql in absent
            .iter()
            .take(cut)
            .filter(|sql| !sql.contains("public"))
        {
            admin.batch(sql).await;
        }
        admin.close().await;
        let made = run(&["bootstrap"]);
        assert_eq!(made.code, Some(0), "after {cut}: {}", made.text());
        let session = superuser(&server).await;
        let inside = Session::open(&url(&server, "postgres", "dsentr")).await;
        let catalogue = catalogue::read_exactly(&inside).await;
        inside.close().await;
        ends.insert(format!(
            "{} {} {catalogue:?}",
            session.value(state).await,
            session.value(members).await
        ));
        session.batch("DROP DATABASE dsentr WITH (FORCE)").await;
        for role in [
            "dsentr",
            "dsentr_app",
            "dsentr_owner",
            "dsentr_readonly",
            "app",
            "reader",
        ] {
            session.batch(&format!("DROP OWNED BY {role}")).await;
            session.batch(&format!("DROP ROLE {role}")).await;
        }
    }
    assert_eq!(absent.len(), 11, "{absent:?}");
    assert_eq!(ends.len(), 1, "{ends:#?}");
}

/// Each thing is made by one of them, and found by the others.
async fn assert_many_at_once(server: &Server, admin: &str) {
    let runs: Vec<Running> = (0..16)
        .map(|_| Running::start(with_roles(command(server, admin, &["bootstrap", "--up"]))))
        .collect();
    let mut made = BTreeMap::<String, u32>::new();
    for run in runs {
        let run = run.end();
        assert_eq!(run.code, Some(0), "{}", run.text());
        for line in run.stdout.lines() {
            if let Some(object) = line.strip_prefix("  made          ") {
                let object = object.split("  ").next().unwrap_or_default();
                *made.entry(object.to_owned()).or_default() += 1;
            }
        }
    }
    assert!(made.len() >= 10, "{made:?}");
    // Two may grant the same at once, since that changes nothing the second time.
    made.retain(|object, times| {
        *times != 1 && !object.starts_with("membership") && object != "schema public"
    });
    assert_eq!(made, BTreeMap::new());
    let before = everything(server).await;
    let again = with_roles(command(server, admin, &["bootstrap"])).run();
    assert_nothing_to_do(&again);
    assert_eq!(everything(server).await, before);
}

#[tokio::test]
async fn many_at_once_do_no_harm() {
    let server = Server::of_its_own();
    assert_many_at_once(&server, "postgres").await;
    let managed = Server::of_its_own();
    managed.administer(&[MANAGED]);
    assert_many_at_once(&managed, "admin").await;
}

/// Asks these roles for a password, and lets everybody else in. Keeps all statements in the log.
fn lock(server: &Server, roles: &str) {
    let hba = format!(
        "VALUES (1, 'local all all trust'), (2, 'host all {roles} 127.0.0.1/32 scram-sha-256'), (3, 'host all all 127.0.0.1/32 trust')"
    );
    server.administer(&[
        "ALTER SYSTEM SET log_statement TO 'all'",
        // Only the server itself may write into its data folder.
        &format!("DO $$ BEGIN EXECUTE format($f$COPY (SELECT rule FROM ({hba}) AS hba (at, rule) ORDER BY at) TO %L$f$, current_setting('hba_file')); END $$"),
        "SELECT pg_reload_conf()",
        "DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM pg_hba_file_rules WHERE auth_method = 'scram-sha-256') LOOP PERFORM pg_sleep(0.01); END LOOP; END $$",
    ]);
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).expect("it is there")
}

#[tokio::test]
async fn passwords_are_given_or_made_up_and_the_server_never_learns_them() {
    let server = Server::of_its_own();
    lock(&server, "dsentr,app,reader");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let files: Vec<_> = ["owner", "app", "reader"]
        .iter()
        .map(|name| folder.path().join(name))
        .collect();
    std::fs::write(&files[1], "from the app's file: ünïcode\n").expect("it can be written");
    let run = |arguments: &[&str]| {
        let mut run = with_roles(command(&server, "postgres", arguments));
        for (key, file) in ["DATABASE", "BOOTSTRAP_APPLICATION", "BOOTSTRAP_READ_ONLY"]
            .iter()
            .zip(&files)
        {
            let variable = format!("DSENTR_MIGRATE_{key}_PASSWORD_FILE");
            run = run.env(&variable, &file.display().to_string());
        }
        run.env("DSENTR_MIGRATE_LOG_LEVEL", "trace").run()
    };
    let first = run(&["bootstrap", "--up"]);
    assert_eq!(first.code, Some(0), "{}", first.text());
    let passwords: Vec<String> = files
        .iter()
        .map(|file| read(file).trim().to_owned())
        .collect();
    let mode = |file: &Path| {
        std::fs::metadata(file)
            .expect("it is there")
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!([mode(&files[0]), mode(&files[2])], [0o600; 2]);
    assert_eq!(passwords[0].len(), 40);
    assert_eq!(passwords[1], "from the app's file: ünïcode");
    let again = run(&["bootstrap", "--up"]);
    let kept: Vec<String> = files
        .iter()
        .map(|file| read(file).trim().to_owned())
        .collect();
    assert_eq!(kept, passwords);
    // The server lets them in by these passwords alone.
    for (role, password) in ["dsentr", "app", "reader"].iter().zip(&passwords) {
        let list = |password: &str| {
            format!(
                "host=127.0.0.1 port={} user={role} dbname=dsentr password='{}'",
                server.port(),
                password.replace('\'', "\\'")
            )
        };
        let session = Session::open(&list(password)).await;
        assert_eq!(session.value("SELECT current_user").await, *role);
        assert!(Session::try_open(&list("wrong")).await.is_err());
    }
    let log = read(&server.socket_dir().join("log"));
    assert_eq!(log.matches("LOGIN PASSWORD 'SCRAM-SHA-256$").count(), 3);
    let said = first.text() + &again.text();
    for password in &passwords {
        assert!(!log.contains(password) && !said.contains(password));
    }
    assert!(!said.contains("SCRAM-SHA-256"));
    let [first, again] = [first, again].map(|run| {
        let lines = run.stdout.lines().filter(|line| line.contains("  role "));
        let lines: Vec<String> = lines
            .map(|line| line.replace(&folder.path().display().to_string(), "<folder>"))
            .collect();
        lines.join("\n") + "\n"
    });
    golden("bootstrap_passwords.txt", &(first + &again));
}

#[tokio::test]
async fn the_password_of_a_role_that_is_there_is_not_touched() {
    let server = Server::of_its_own();
    server.administer(&["CREATE ROLE dsentr LOGIN PASSWORD 'of old'"]);
    let run = command(&server, "postgres", &["bootstrap"])
        .env("DSENTR_MIGRATE_DATABASE_PASSWORD_FILE", "owner");
    let home = run.home().to_owned();
    let verifier = "SELECT rolpassword FROM pg_authid WHERE rolname = 'dsentr'";
    let before = superuser(&server).await.value(verifier).await;
    let run = run.run();
    assert_eq!(run.code, Some(0), "{}", run.text());
    assert!(!home.join("owner").exists());
    assert_eq!(superuser(&server).await.value(verifier).await, before);
}

#[tokio::test]
async fn what_is_there_and_is_not_as_wanted_is_told_and_left() {
    let server = Server::of_its_own();
    let session = superuser(&server).await;
    let has_options = major(&session).await >= 16;
    server.administer(&[
        "CREATE ROLE other LOGIN",
        "CREATE ROLE dsentr NOLOGIN",
        "CREATE ROLE app NOLOGIN",
        "CREATE ROLE reader LOGIN NOINHERIT",
        "CREATE ROLE dsentr_readonly NOLOGIN",
        "GRANT dsentr_readonly TO reader",
        "CREATE DATABASE dsentr OWNER other ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0",
        "ALTER DATABASE dsentr ALLOW_CONNECTIONS false",
        "CREATE ROLE nobody LOGIN",
        "CREATE ROLE maker LOGIN CREATEDB",
        MANAGED,
    ]);
    let before = everything(&server).await;
    let all = with_roles(command(&server, "postgres", &["bootstrap"]))
        .env("DSENTR_MIGRATE_BOOTSTRAP_LOCALE", "de_DE.UTF-8")
        .run();
    let managed = with_roles(command(
        &server,
        "admin",
        &["bootstrap", "--up", "--output", "json"],
    ))
    .run();
    assert_eq!(everything(&server).await, before);
    server.administer(&["DROP DATABASE dsentr", "DROP ROLE app", "DROP ROLE reader"]);
    let before = everything(&server).await;
    let fresh = |admin: &str| {
        with_roles(command(&server, admin, &["bootstrap"]))
            .env("DATABASE_URL", &url(&server, "owner", "dsentr"))
            .run()
    };
    let runs = [all, managed, fresh("nobody"), fresh("maker")];
    assert_eq!(everything(&server).await, before);
    let text: String = runs.iter().map(|run| told(&server, run)).collect();
    let name = if has_options {
        "bootstrap_obstacles_since_16.txt"
    } else {
        "bootstrap_obstacles.txt"
    };
    golden(name, &text);
}

/// The same locale in another spelling is no difference.
#[tokio::test]
async fn a_locale_is_given_to_a_new_database_and_compared_with_an_old_one() {
    let server = Server::of_its_own();
    let run = |locale: &str| {
        command(&server, "postgres", &["bootstrap"])
            .env("DSENTR_MIGRATE_BOOTSTRAP_LOCALE", locale)
            .run()
    };
    let first = run("C.UTF-8");
    assert_eq!(first.code, Some(0), "{}", first.text());
    let locale = "SELECT datcollate, datctype FROM pg_database WHERE datname = 'dsentr'";
    let session = superuser(&server).await;
    assert_eq!(session.value(locale).await, "C.UTF-8|C.UTF-8");
    assert_nothing_to_do(&run("C.utf8"));
    assert_eq!(run("C").code, Some(4));
    session.batch("DROP DATABASE dsentr").await;
    let unknown = run("xx_XX");
    let text = told(&server, &unknown).replace("invalid LC_COLLATE locale", "invalid locale");
    golden(&by_major(&server, "locale").await, &text);
}

/// Roles that others made, none of which the administrator of a managed server may grant since PostgreSQL 16.
#[tokio::test]
async fn what_only_others_may_do_is_told_with_the_statement() {
    let server = Server::of_its_own();
    server.administer(&[
        MANAGED,
        "CREATE ROLE dsentr LOGIN",
        "CREATE ROLE dsentr_app NOLOGIN NOINHERIT",
    ]);
    let has_options = major(&superuser(&server).await).await >= 16;
    let run = || with_roles(command(&server, "admin", &["bootstrap"])).run();
    let before = everything(&server).await;
    let refused = run();
    if has_options {
        assert_eq!(everything(&server).await, before);
        golden("bootstrap_not_grantable.txt", &told(&server, &refused));
        // As the help says.
        server.administer(
            &[
                "GRANT dsentr TO admin",
                "GRANT dsentr_app TO app WITH ADMIN OPTION",
            ]
            .map(|sql| sql.replace("TO app WITH", "TO admin WITH"))
            .each_ref()
            .map(String::as_str),
        );
        let after = run();
        assert_eq!(after.code, Some(0), "{}", after.text());
    } else {
        assert_eq!(refused.code, Some(0), "{}", refused.text());
    }
}

/// A database made by a DBA who kept everything for himself, and a schema that was dropped.
#[tokio::test]
async fn the_inside_of_an_existing_database_is_completed() {
    let server = Server::of_its_own();
    server.administer(&[
        MANAGED,
        "CREATE ROLE dsentr LOGIN",
        "CREATE DATABASE dsentr OWNER dsentr TEMPLATE template0",
        "REVOKE CONNECT ON DATABASE dsentr FROM PUBLIC",
    ]);
    if major(&superuser(&server).await).await >= 16 {
        server.administer(&["GRANT dsentr TO admin WITH ADMIN OPTION, INHERIT FALSE, SET FALSE"]);
    }
    let inside = Session::open(&url(&server, "postgres", "dsentr")).await;
    inside.batch("DROP SCHEMA public").await;
    inside.close().await;
    let run = |arguments: &[&str]| command(&server, "admin", arguments).run();
    let texts = [
        run(&["bootstrap", "--dry-run"]),
        run(&["bootstrap"]),
        run(&["bootstrap"]),
    ];
    let text: String = texts.iter().map(|run| told(&server, run)).collect();
    golden("bootstrap_existing.txt", &text);
    let inside = Session::open(&url(&server, "postgres", "dsentr")).await;
    // As a hardened server has it.
    inside.batch("ALTER SCHEMA public OWNER TO postgres; REVOKE ALL ON SCHEMA public FROM PUBLIC, dsentr").await;
    let hardened = run(&["bootstrap"]);
    golden("bootstrap_hardened.txt", &told(&server, &hardened));
    let by_superuser = command(&server, "postgres", &["bootstrap", "--up"]).run();
    assert_eq!(by_superuser.code, Some(0), "{}", by_superuser.text());
}

/// As on platforms that keep all extensions in a schema of their own.
#[tokio::test]
async fn the_extension_may_be_in_a_schema_of_its_own() {
    let server = Server::of_its_own();
    server.administer(&[
        "CREATE ROLE dsentr LOGIN",
        "CREATE DATABASE dsentr OWNER dsentr",
        r#"ALTER DATABASE dsentr SET search_path TO "$user", public, extensions"#,
    ]);
    let session = Session::open(&url(&server, "postgres", "dsentr")).await;
    session
        .batch(
            "CREATE SCHEMA extensions; GRANT USAGE ON SCHEMA extensions TO PUBLIC;
             CREATE EXTENSION pgcrypto WITH SCHEMA extensions",
        )
        .await;
    let steps = MIGRATIONS.len().to_string();
    let back = ["rollback", "--steps", &steps, "--accept-data-loss"];
    for arguments in [
        &["bootstrap"][..],
        &["up", "--verify"],
        &["verify"],
        &back,
        &["verify"],
        &["up"],
        &["verify"],
    ] {
        let run = command(&server, "postgres", arguments).run();
        assert_eq!(run.code, Some(0), "{arguments:?}: {}", run.text());
    }
    let place = "SELECT extnamespace::regnamespace FROM pg_extension WHERE extname = 'pgcrypto'";
    assert_eq!(session.value(place).await, "extensions");
}

#[tokio::test]
async fn names_may_be_anything() {
    let server = Server::of_its_own();
    // From 19 on no name has a newline in it.
    let blank = match major(&superuser(&server).await).await {
        ..19 => '\n',
        _ => '\t',
    };
    let [owner, app, reader, name] = [
        "O'wn \"er\"",
        "App; DROP ROLE x",
        &format!("re\\ader{blank}%s"),
        "D'at \"a\" \\base=x",
    ];
    let file = |name: &str| {
        name.replace('\\', "\\\\")
            .replace('"', "\\\"")
            .replace('\n', "\\n")
            .replace('\t', "\\t")
    };
    let port = server.port();
    let toml = format!(
        "[database]\nhost = \"127.0.0.1\"\nport = {port}\nuser = \"{}\"\nname = \"{}\"\n\
         [bootstrap]\nuser = \"postgres\"\napplication_role = \"{}\"\nread_only_role = \"{}\"\n",
        file(owner),
        file(name),
        file(app),
        file(reader)
    );
    let run = |arguments: &[&str]| {
        let mut all = arguments.to_vec();
        all.extend(["--config", "a.toml"]);
        dsentr(&all).file("a.toml", &toml).run()
    };
    let dry = run(&["bootstrap", "--dry-run"]);
    let first = run(&["bootstrap", "--up"]);
    assert_eq!(first.code, Some(0), "{}", first.text());
    let again = run(&["bootstrap"]);
    assert_nothing_to_do(&again);
    let text: String = [&dry, &again].map(|run| told(&server, run)).concat();
    let text = text.replace(blank, "\n");
    golden(&by_major(&server, "names").await, &text);
    let other = Server::of_its_own();
    assert_eq!(psql(&other, &dry.stdout), (Some(0), String::new()));
    let toml = toml.replace(&port.to_string(), &other.port().to_string());
    let there = dsentr(&["bootstrap", "--config", "a.toml"])
        .file("a.toml", &toml)
        .run();
    assert_nothing_to_do(&there);
}

#[tokio::test]
async fn a_signal_ends_it_between_two_steps() {
    let server = Server::of_its_own();
    let mut blocker = superuser(&server).await;
    blocker
        .batch("BEGIN; LOCK TABLE pg_database IN SHARE MODE")
        .await;
    let mut run = Running::start(with_roles(command(&server, "postgres", &["bootstrap"])));
    let watcher = superuser(&server).await;
    let is_stuck = "SELECT count(*) > 0 FROM pg_stat_activity WHERE query LIKE 'CREATE DATABASE%' AND wait_event_type = 'Lock'";
    run.until(&watcher, is_stuck).await;
    run.signal("TERM");
    let run = run.end();
    let text = told(&server, &run);
    golden(&by_major(&server, "signal").await, &text);
    blocker.batch("ROLLBACK").await;
    blocker = watcher;
    blocker.until("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'CREATE DATABASE%' AND pid <> pg_backend_pid() AND state = 'active'", "0").await;
    let next = with_roles(command(&server, "postgres", &["bootstrap"])).run();
    assert_eq!(next.code, Some(0), "{}", next.text());
}

/// Whether what was cut off is done after all, the next look tells.
#[tokio::test]
async fn a_connection_that_breaks_is_opened_again() {
    let server = Server::of_its_own();
    let blocker = superuser(&server).await;
    let lock = "BEGIN; LOCK TABLE pg_database IN SHARE MODE";
    blocker.batch(lock).await;
    let mut run = Running::start(with_roles(command(&server, "postgres", &["bootstrap"])));
    let watcher = superuser(&server).await;
    let stuck =
        "FROM pg_stat_activity WHERE query LIKE 'CREATE DATABASE%' AND wait_event_type = 'Lock'";
    run.until(&watcher, &format!("SELECT count(*) > 0 {stuck}"))
        .await;
    watcher
        .batch(&format!("SELECT pg_terminate_backend(pid) {stuck}"))
        .await;
    run.until_said("the connection was lost").await;
    blocker.batch("ROLLBACK").await;
    let run = run.end();
    assert_eq!(run.code, Some(0), "{}", run.text());
    let last = run.stdout.lines().last();
    assert_eq!(
        last,
        Some(if major(&watcher).await < 15 {
            "11 made; everything is there"
        } else {
            "10 made; everything is there"
        })
    );
}

/// A superuser who owns everything himself, as in a test environment.
#[test]
fn the_administrator_may_be_the_owner() {
    let server = Server::of_its_own();
    let run = |arguments: &[&str]| {
        command(&server, "postgres", arguments)
            .env("DATABASE_URL", &url(&server, "postgres", "dsentr"))
            .run()
    };
    let first = run(&["bootstrap", "--up"]);
    assert_eq!(first.code, Some(0), "{}", first.text());
    assert_nothing_to_do(&run(&["bootstrap"]));
    server.administer(&[MANAGED]);
    let url = url(&server, "admin", "other");
    let managed = |arguments: &[&str]| {
        let run = command(&server, "admin", arguments).env("DATABASE_URL", &url);
        run.run()
    };
    let first = managed(&["bootstrap", "--up"]);
    assert_eq!(first.code, Some(0), "{}", first.text());
    assert_nothing_to_do(&managed(&["bootstrap"]));
}

#[test]
fn a_standby_and_a_read_only_server_get_nothing() {
    let server = Server::of_its_own();
    let standby = server.standby();
    let run = command(&standby, "postgres", &["bootstrap", "--wait-timeout", "0"]).run();
    let mut text = told(&standby, &run);
    server.administer(&["ALTER ROLE postgres SET default_transaction_read_only TO on"]);
    let run = command(&server, "postgres", &["bootstrap", "--wait-timeout", "0"]).run();
    text.push_str(&told(&server, &run));
    golden("bootstrap_read_only.txt", &text);
}

#[test]
fn wrong_settings_and_connections_are_told() {
    let server = Server::of_its_own();
    server.administer(&[
        "SET password_encryption = 'scram-sha-256'",
        "CREATE ROLE locked LOGIN PASSWORD 'x'",
    ]);
    lock(&server, "locked");
    let bootstrap = || command(&server, "postgres", &["bootstrap"]);
    let long = "x".repeat(64);
    let admin = |url: &str| bootstrap().env("DSENTR_MIGRATE_BOOTSTRAP_URL", url);
    let role = |name: &str| bootstrap().env("DSENTR_MIGRATE_BOOTSTRAP_APPLICATION_ROLE", name);
    let runs = [
        dsentr(&["bootstrap"]),
        role("dsentr"),
        role("dsentr_readonly"),
        role(&long),
        with_roles(role("reader")).env("DSENTR_MIGRATE_BOOTSTRAP_APPLICATION_ROLE", "reader"),
        bootstrap().env("DSENTR_MIGRATE_DATABASE_NAME", &long),
        bootstrap().env("DSENTR_MIGRATE_BOOTSTRAP_USER", "nosuchrole"),
        bootstrap().env("DSENTR_MIGRATE_BOOTSTRAP_USER", "locked"),
        bootstrap().env("DSENTR_MIGRATE_BOOTSTRAP_DATABASE", "nosuchdatabase"),
        bootstrap().env("DSENTR_MIGRATE_BOOTSTRAP_PASSWORD_FILE", "absent"),
        bootstrap().env("DSENTR_MIGRATE_DATABASE_PASSWORD_FILE", "absent/owner"),
        admin("postgres://postgres@127.0.0.1/postgres?application_name=x"),
        dsentr(&["bootstrap", "--up", "--dry-run"]),
    ];
    let text: String = runs
        .into_iter()
        .map(|run| told(&server, &run.run()))
        .collect();
    golden("bootstrap_wrong.txt", &text);
    let url = url(&server, "locked:x", "postgres") + "?sslmode=disable";
    let found = admin(&url).env("DSENTR_MIGRATE_LOG_LEVEL", "trace").run();
    assert_eq!(found.code, Some(1), "{}", found.text());
}

/// The owner's way to the server may be another one than the administrator's, through the socket for example.
#[test]
fn the_administrator_may_come_another_way() {
    let server = Server::of_its_own();
    let port = server.port().to_string();
    let run = dsentr(&["bootstrap", "--up"])
        .env("DATABASE_URL", &url(&server, "dsentr", "dsentr"))
        .env(
            "DSENTR_MIGRATE_BOOTSTRAP_HOST",
            &server.socket_dir().display().to_string(),
        )
        .env("DSENTR_MIGRATE_BOOTSTRAP_PORT", &port)
        .env("DSENTR_MIGRATE_BOOTSTRAP_USER", "postgres")
        .run();
    assert_eq!(run.code, Some(0), "{}", run.text());
    let lines: Vec<&str> = run
        .stdout
        .lines()
        .filter(|line| line.contains(" at "))
        .collect();
    assert!(
        lines[0].contains(&format!(
            "postgres at {}:{port} as postgres",
            server.socket_dir().display()
        )),
        "{lines:?}"
    );
    assert!(
        lines[1].contains(&format!("dsentr at 127.0.0.1:{port} as dsentr")),
        "{lines:?}"
    );
}
