//! `verify` and `up --verify`: what they print, and how they end.

mod support;

use dsentr_migrate::cli::Command;
use dsentr_migrate::config::Format;
use dsentr_migrate::embedded::MIGRATIONS;
use dsentr_migrate::error::exit_code;
use support::golden::golden;
use support::library::{Ended, Library, step, up};
use support::mask::{mask, mask_counts};
use support::pooler::{PoolMode, Pooler};
use support::sealing::sealed;
use support::server::{Database, Role, Server, Session};

const VERIFY: Command = Command::Verify {
    others: false,
    sql: false,
};

const UP_VERIFY: Command = Command::Up {
    to: None,
    strict: false,
    verify: true,
};

/// Two migrations, sealed.
async fn library() -> Library {
    let unsealed = Library::of(&[
        (
            "2025_01_01_1_first.sql",
            &step(
                "CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL);\n\
                 CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$\n\
                 BEGIN\n    NEW.email := lower(NEW.email);\n    RETURN NEW;\nEND\n$$;\n\
                 CREATE TRIGGER touch BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION touch();",
            ),
        ),
        (
            "2025_01_02_1_second.sql",
            &step(
                "CREATE SCHEMA audit;\nCREATE TABLE audit.log (at timestamptz DEFAULT now());\n\
                 CREATE INDEX log_at ON audit.log (at);",
            ),
        ),
    ]);
    Library(sealed(unsealed.0, Server::shared()).await)
}

#[tokio::test]
async fn the_schema_is_as_sealed() {
    let library = library().await;
    let database = Server::shared().database();
    is(
        "verify_nothing.txt",
        &database,
        &library.run(&database.url(), VERIFY).await,
    );
    is(
        "verify_up.txt",
        &database,
        &library.run(&database.url(), UP_VERIFY).await,
    );
    is(
        "verify_up_again.txt",
        &database,
        &library.run(&database.url(), UP_VERIFY).await,
    );
    is(
        "verify_clean.txt",
        &database,
        &library.run(&database.url(), VERIFY).await,
    );
}

#[tokio::test]
async fn both_definitions_are_shown() {
    let library = library().await;
    let database = drifted(library).await;
    is(
        "verify_drift.txt",
        &database,
        &library.run(&database.url(), VERIFY).await,
    );
    let url = database.url();
    let json = library
        .run_with(&[("DATABASE_URL", &url)], VERIFY, Format::Json)
        .await;
    is("verify_drift.json", &database, &json);
    is(
        "verify_drift_up.txt",
        &database,
        &library.run(&url, UP_VERIFY).await,
    );
    let others = Command::Verify {
        others: true,
        sql: false,
    };
    is(
        "verify_others.txt",
        &database,
        &library.run(&url, others).await,
    );
}

#[tokio::test]
async fn a_run_that_applied_something_verifies_where_the_settings_say_so() {
    let library = library().await;
    let first = Command::Up {
        to: Some("2025_01_01_1".parse().expect("it is a version")),
        strict: false,
        verify: false,
    };
    let database = Server::shared().database();
    let ended = library.run(&database.url(), first).await;
    assert!(ended.result.is_ok(), "{}", ended.text());
    let session = database.session().await;
    session.batch("CREATE INDEX mine ON users (email)").await;
    let url = database.url();
    let settings = [
        ("DATABASE_URL", url.as_str()),
        ("DSENTR_MIGRATE_UP_VERIFY", "true"),
    ];
    let ended = library.run_with(&settings, up(), Format::Text).await;
    is("verify_up_applied.txt", &database, &ended);
    // Nothing is applied now, so nobody looks.
    let ended = library.run_with(&settings, up(), Format::Text).await;
    assert!(ended.result.is_ok(), "{}", ended.text());
}

#[tokio::test]
async fn what_the_settings_ignore_is_listed_with_its_reason() {
    let library = library().await;
    let database = drifted(library).await;
    let folder = tempfile::tempdir().expect("there is a temporary folder");
    let file = folder.path().join("settings.toml");
    let ignore = |object: &str| {
        format!(
            "[[verify.ignore]]\nobject = {object:?}\nreason = \"the reports read it at night\"\n"
        )
    };
    let objects = [
        "index users.night",
        "function *",
        "column audit.log.*",
        "table gone",
    ];
    let text: String = objects.iter().map(|object| ignore(object)).collect();
    std::fs::write(&file, text).expect("the file can be written");
    let path = file.to_str().expect("the folder has a plain name");
    let url = database.url();
    let settings = [
        ("DATABASE_URL", url.as_str()),
        ("DSENTR_MIGRATE_CONFIG", path),
    ];
    let ended = library.run_with(&settings, VERIFY, Format::Text).await;
    is("verify_ignored.txt", &database, &ended);
    let (_, log) = library.run_logged(&settings, VERIFY).await;
    assert_eq!(
        log,
        " WARN verify.ignore: \"table gone\" ignores nothing: take it out\n"
    );
}

#[tokio::test]
async fn a_database_in_which_nothing_is_applied_should_be_empty() {
    let library = library().await;
    let database = Server::shared().database();
    let session = database.session().await;
    session.batch("CREATE TABLE mine (id integer)").await;
    is(
        "verify_not_ours.txt",
        &database,
        &library.run(&database.url(), VERIFY).await,
    );
}

#[tokio::test]
async fn without_a_seal_there_is_nothing_to_compare_with() {
    let library = library().await;
    let mut migrations = library.0.to_vec();
    migrations[1].seal = None;
    let library = Library(migrations.leak());
    let database = Server::shared().database();
    let url = database.url();
    let settings = [
        ("DATABASE_URL", url.as_str()),
        ("DSENTR_MIGRATE_UP_VERIFY", "true"),
    ];
    let (ended, log) = library.run_logged(&settings, up()).await;
    assert!(ended.result.is_ok(), "{}", ended.text());
    let warnings: String = log
        .split_inclusive('\n')
        .filter(|line| line.starts_with(" WARN"))
        .collect();
    assert_eq!(
        warnings,
        " WARN the schema was not verified: 2025_01_02_1_second is not sealed: this binary does not know what schema it leads to\n"
    );
    is(
        "verify_unsealed.txt",
        &database,
        &library.run(&url, VERIFY).await,
    );
}

#[tokio::test]
async fn a_newer_binary_and_another_history_are_refused() {
    let library = library().await;
    let database = Server::shared().database();
    let ended = library.run(&database.url(), up()).await;
    assert!(ended.result.is_ok(), "{}", ended.text());
    let older = Library(&library.0[..1]);
    is(
        "verify_ahead.txt",
        &database,
        &older.run(&database.url(), VERIFY).await,
    );
    let session = database.session().await;
    session
        .batch("UPDATE refinery_schema_history SET checksum = '1' WHERE version = 2025010201")
        .await;
    is(
        "verify_divergent.txt",
        &database,
        &library.run(&database.url(), VERIFY).await,
    );
}

#[tokio::test]
async fn it_writes_nothing_and_needs_no_more_than_to_read_the_history() {
    let server = Server::of_its_own();
    let library = Library(sealed(MIGRATIONS, &server).await);
    let database = server.owned_database(Role::OwnerWithCreateRole);
    let ended = library.run(&database.url(), UP_VERIFY).await;
    assert!(ended.result.is_ok(), "{}", ended.text());
    server.administer(&[
        "CREATE ROLE reader LOGIN",
        "GRANT dsentr_readonly TO reader",
        "ALTER ROLE reader SET default_transaction_read_only TO on",
        "ALTER ROLE reader SET search_path TO nowhere",
    ]);
    let session = database.session().await;
    session
        .batch("GRANT SELECT ON refinery_schema_history TO reader")
        .await;
    let ended = library.run(&database.url_as("reader"), VERIFY).await;
    assert!(ended.result.is_ok(), "{}", ended.text());
}

#[tokio::test]
async fn a_role_that_the_migrations_name_may_run_them() {
    let server = Server::of_its_own();
    let library = Library(sealed(MIGRATIONS, &server).await);
    let database = server.database();
    server.administer(&[
        // Where the seals were gathered here, the role is there already.
        "DO $$ BEGIN IF to_regrole('dsentr_owner') IS NULL THEN CREATE ROLE dsentr_owner; END IF; END $$",
        "ALTER ROLE dsentr_owner LOGIN CREATEROLE",
        &format!("ALTER DATABASE {} OWNER TO dsentr_owner", database.name()),
    ]);
    let session = database.session().await;
    session
        .batch("ALTER SCHEMA public OWNER TO dsentr_owner")
        .await;
    let ended = library
        .run(&database.url_as("dsentr_owner"), UP_VERIFY)
        .await;
    assert!(ended.result.is_ok(), "{}", ended.text());
    // Whoever asks.
    let ended = library.run(&database.url(), VERIFY).await;
    assert!(ended.result.is_ok(), "{}", ended.text());
}

/// As on a managed server, where somebody else has made the database: what only he can grant is told of, and is no drift.
#[tokio::test]
async fn what_only_another_role_can_grant_does_not_count() {
    let server = Server::of_its_own();
    let library = Library(sealed(MIGRATIONS, &server).await);
    let database = server.database();
    server.administer(&[
        "CREATE ROLE migrator LOGIN CREATEROLE",
        &format!("GRANT CREATE ON DATABASE {} TO migrator", database.name()),
    ]);
    let session = database.session().await;
    session
        .batch("GRANT CREATE ON SCHEMA public TO migrator")
        .await;
    let run = library.run(&database.url_as("migrator"), up()).await;
    assert!(run.result.is_ok(), "{}", run.text());
    let ended = library.run(&database.url(), VERIFY).await;
    is("verify_beyond_reach.txt", &database, &ended);
    let grant = format!("REVOKE ALL ON DATABASE {} FROM PUBLIC", database.name());
    session.batch(&grant).await;
    let owner = format!("ALTER DATABASE {} OWNER TO migrator", database.name());
    session.batch(&owner).await;
    let ended = library.run(&database.url(), VERIFY).await;
    is("verify_within_reach.txt", &database, &ended);
}

#[tokio::test]
async fn a_pooler_in_transaction_mode_keeps_nothing_of_it() {
    let library = library().await;
    let server = Server::shared();
    let pooler = Pooler::start(server, PoolMode::Transaction, 1);
    let database = server.database();
    let ended = library.run(&database.url(), up()).await;
    assert!(ended.result.is_ok(), "{}", ended.text());
    let ended = library.run(&pooler.url(&database), VERIFY).await;
    assert!(ended.result.is_ok(), "{}", ended.text());
    let next = Session::open(&pooler.url(&database)).await;
    let settings = "SELECT concat_ws(' ', current_setting('search_path'), current_setting('jit'), \
        current_setting('transaction_read_only'), (SELECT count(*) FROM pg_cursors))";
    let fresh = database.session().await;
    assert_eq!(next.value(settings).await, fresh.value(settings).await);
}

#[tokio::test]
async fn the_example_of_the_document_is_what_is_printed() {
    let server = Server::of_its_own();
    let library = Library(sealed(MIGRATIONS, &server).await);
    let database = server.database();
    let ended = library.run(&database.url(), up()).await;
    assert!(ended.result.is_ok(), "{}", ended.text());
    let session = database.session().await;
    session
        .batch(
            "ALTER TABLE workflow_runs ALTER attempt TYPE bigint;
             DROP INDEX idx_workflows_locked_by;
             GRANT SELECT ON users TO PUBLIC;
             CREATE OR REPLACE FUNCTION update_updated_at_column() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := clock_timestamp();
    RETURN NEW;
END
$$",
        )
        .await;
    let ended = library.run(&database.url(), VERIFY).await;
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/verify.md");
    let document = std::fs::read_to_string(path).expect("the document is there");
    let example = document.split("```text\n").nth(1);
    let example = example.and_then(|rest| rest.split("```").next());
    let below = |text: &str| text.split_once('\n').map(|(_, rest)| rest.to_owned());
    assert_eq!(below(&ended.stdout), example.and_then(below));
    assert_eq!(
        ended.result.map_err(|error| error.exit_code()),
        Err(exit_code::DISAGREEMENT)
    );
}

#[tokio::test]
async fn a_standby_verifies_too() {
    let library = library().await;
    let primary = Server::of_its_own();
    let standby = primary.standby();
    let database = primary.database();
    let ended = library.run(&database.url(), up()).await;
    assert!(ended.result.is_ok(), "{}", ended.text());
    standby.catch_up_with(&primary);
    let ended = library
        .run(&database.url_through(standby.port()), VERIFY)
        .await;
    assert!(ended.result.is_ok(), "{}", ended.text());
}

/// A database in which somebody changed an object in each way.
async fn drifted(library: Library) -> Database<'static> {
    let database = Server::shared().database();
    let ended = library.run(&database.url(), up()).await;
    assert!(ended.result.is_ok(), "{}", ended.text());
    let session = database.session().await;
    session
        .batch(
            "CREATE INDEX night ON users (email);
             DROP INDEX audit.log_at;
             ALTER TABLE audit.log ALTER at SET DEFAULT clock_timestamp();
             CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.email := upper(NEW.email);
    NEW.id := 1;
    RETURN NEW;
END
$$;
             CREATE SCHEMA theirs;
             CREATE VIEW theirs.users AS SELECT id,
                 email FROM public.users;
             CREATE EXTENSION citext",
        )
        .await;
    session.close().await;
    database
}

/// The whole output, without what another run of the test gives otherwise.
fn is(name: &str, database: &Database<'_>, ended: &Ended) {
    golden(name, &mask(&ended.text(), database));
}

/// Somebody has a table for himself alone: it is tried again, to the end of the budget for table locks, and told who it is.
#[tokio::test]
async fn a_table_that_nobody_may_see_is_not_waited_for_without_an_end() {
    // To print the condition, the server has to see the columns.
    let users = step("CREATE TABLE users (id bigint PRIMARY KEY, email text CHECK (email <> ''));");
    let unsealed = Library::of(&[("2025_01_01_1_users.sql", users.as_str())]);
    let library = Library(sealed(unsealed.0, Server::shared()).await);
    let database = Server::shared().database();
    let url = database.url();
    let ended = library.run(&url, up()).await;
    assert!(ended.result.is_ok(), "{}", ended.text());
    let holder = database.session().await;
    for sql in [
        "SET application_name TO reporting",
        "BEGIN",
        "LOCK TABLE users IN ACCESS EXCLUSIVE MODE",
    ] {
        holder.batch(sql).await;
    }
    let variables = [
        ("DATABASE_URL", url.as_str()),
        ("DSENTR_MIGRATE_TABLE_LOCK_TIMEOUT", "10ms"),
        ("DSENTR_MIGRATE_TABLE_LOCK_BUDGET", "50ms"),
    ];
    let others = Command::Verify {
        others: true,
        sql: false,
    };
    let mut text = String::new();
    for command in [VERIFY, others, UP_VERIFY] {
        let ended = library.run_with(&variables, command, Format::Text).await;
        text.push_str(&mask_counts(&mask(&ended.text(), &database)));
    }
    golden("verify_locked.txt", &text);
    holder.batch("ROLLBACK").await;
    let ended = library.run(&url, VERIFY).await;
    assert!(ended.result.is_ok(), "{}", ended.text());
}
