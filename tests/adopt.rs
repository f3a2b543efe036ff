//! `adopt`: databases that were made by hand or by another tool, at several versions, whole and altered. The history tables
//! of other tools are made as those tools define them; what the tools make themselves, `tests/adopt_real_tools.rs` adopts.

mod support;

use dsentr_migrate::cli::Command;
use dsentr_migrate::config::Format;
use dsentr_migrate::embedded::{MIGRATIONS, Migration};
use dsentr_migrate::foreign::TOOLS;
use support::executable::{Dsentr, dsentr};
use support::golden::golden;
use support::library::{Ended, Library, step, stock, up};
use support::mask::{mask, mask_counts, once, told};
use support::pooler::{PoolMode, Pooler};
use support::proxy::{Fault, Proxy};
use support::runners::{LOCKS, hold_lock};
use support::running::Running;
use support::schema::{run, up_to};
use support::sealing::sealed;
use support::server::{Database, Role, Server, Session};
use support::sqlx::{sqlx_row, sqlx_table};

const ADOPT: Command = Command::Adopt {
    at: None,
    accept_differences: false,
    rebuild_history: false,
    dry_run: false,
    sql: false,
};

const DRY: Command = Command::Adopt {
    at: None,
    accept_differences: false,
    rebuild_history: false,
    dry_run: true,
    sql: false,
};

const VERIFY: Command = Command::Verify {
    others: false,
    sql: false,
};

const HISTORY: &str = "SELECT count(*) FROM refinery_schema_history";

/// The backfill that changes no object, and the version before it.
const BACKFILL: &str = "2025_11_07_1_user_privacy_default";
const BEFORE_BACKFILL: &str = "2025_10_31_1_create_user_terms_acceptances";

fn at(version: &str, accept_differences: bool) -> Command {
    Command::Adopt {
        at: Some(version.parse().expect("it is a version")),
        accept_differences,
        rebuild_history: false,
        dry_run: false,
        sql: false,
    }
}

/// The real migrations.
fn whole() -> Library {
    assert!(MIGRATIONS.iter().all(|migration| migration.seal.is_some()));
    Library(MIGRATIONS)
}

/// A database in which somebody ran the SQL as far as a migration, with the columns of the first table in another order.
async fn by_hand<'s>(server: &'s Server, stem: &str) -> Database<'s> {
    let database = server.owned_database(Role::OwnerWithCreateRole);
    let session = database.session().await;
    let (before, last) = up_to(stem);
    for migration in before.iter().chain([last]) {
        let sql = migration.forward_sql();
        let sql = sql.replace(
            "    first_name text NOT NULL,\n    last_name text NOT NULL,\n",
            "    last_name text NOT NULL,\n    first_name text NOT NULL,\n",
        );
        let ran = run(&session, &sql).await;
        ran.unwrap_or_else(|error| panic!("{}: {error}", migration.stem));
    }
    session.close().await;
    database
}

/// The table of SQLx, with a row for each of these, under its own numbers.
async fn sqlx(session: &Session, migrations: &[Migration]) {
    sqlx_table(session).await;
    for (nth, migration) in migrations.iter().enumerate() {
        let number = (20_255_091 + nth).to_string();
        sqlx_row(session, &number, migration.description).await;
    }
}

fn place(stem: &str) -> usize {
    up_to(stem).0.len() + 1
}

/// The whole output, without what another run of the test gives otherwise.
fn is(name: &str, database: &Database<'_>, ended: &Ended) {
    let text = mask(&ended.text(), database).replace(database.user(), "<owner>");
    golden(name, &masked_day(&text));
}

/// The day of an adoption, which is today.
fn masked_day(text: &str) -> String {
    let mut lines =
        text.split_inclusive('\n')
            .map(|line| match line.split_once(" adopted the database at ") {
                Some((before, after)) => {
                    let version = after.split(' ').next().unwrap_or_default();
                    format!("{before} adopted the database at {version} on <day>\n")
                }
                None => line.to_owned(),
            });
    lines.by_ref().collect()
}

async fn clean(library: Library, database: &Database<'_>) {
    for command in [up(), VERIFY] {
        let ended = library.run(&database.url(), command).await;
        assert!(ended.result.is_ok(), "{}", ended.text());
    }
}

#[tokio::test]
async fn a_database_of_sqlx_is_adopted_and_continued() {
    let server = Server::of_its_own();
    for (nth, stem) in [
        "2025_05_12_1_add_is_verified",
        "2025_10_14_1_create_workspaces",
        "2025_10_29_1_harden_permissions",
        "2025_12_03_1_add_resume_at_to_workflow_runs",
    ]
    .into_iter()
    .enumerate()
    {
        let database = by_hand(&server, stem).await;
        let session = database.session().await;
        sqlx(&session, &MIGRATIONS[..place(stem)]).await;
        let ended = whole().run(&database.url(), ADOPT).await;
        is(&format!("adopt_sqlx_{nth}.txt"), &database, &ended);
        assert_eq!(session.value(HISTORY).await, place(stem).to_string());
        let ended = whole().run(&database.url(), VERIFY).await;
        assert!(ended.result.is_ok(), "{stem}\n{}", ended.text());
        clean(whole(), &database).await;
        let rows = "SELECT count(*) FROM _sqlx_migrations";
        assert_eq!(session.value(rows).await, place(stem).to_string());
        // And the way back does not stumble over the tables of others.
        let run = dsentr(&["rollback", "--steps", "1", "--accept-data-loss"])
            .env("DATABASE_URL", &database.url())
            .run();
        assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    }
}

/// The rows are those that stock refinery writes and reads.
#[tokio::test]
async fn stock_refinery_reads_the_history() {
    let server = Server::of_its_own();
    let stem = "2025_10_14_1_create_workspaces";
    let database = by_hand(&server, stem).await;
    let ended = whole().run(&database.url(), ADOPT).await;
    assert!(ended.result.is_ok(), "{}", ended.text());
    let all: Vec<refinery::Migration> = MIGRATIONS.iter().map(stock).collect();
    let (mut client, connection) = tokio_postgres::connect(&database.url(), tokio_postgres::NoTls)
        .await
        .expect("the server is there");
    let connection = tokio::spawn(connection);
    let runner = refinery::Runner::new(&all);
    let applied = runner.get_applied_migrations_async(&mut client).await;
    assert_eq!(applied.expect("it reads").len(), place(stem));
    let report = runner.run_async(&mut client).await.expect("it goes on");
    assert_eq!(
        report.applied_migrations().len(),
        MIGRATIONS.len() - place(stem)
    );
    drop(client);
    connection.await.expect("no panic").expect("a good end");
    let ended = whole().run(&database.url(), VERIFY).await;
    assert!(ended.result.is_ok(), "{}", ended.text());
}

#[tokio::test]
async fn an_altered_database_is_refused_with_the_exact_difference_or_accepted() {
    let server = Server::of_its_own();
    let database = by_hand(&server, "2025_12_01_1_admin_issue_threads").await;
    let session = database.session().await;
    sqlx(
        &session,
        &MIGRATIONS[..place("2025_12_01_1_admin_issue_threads")],
    )
    .await;
    session
        .batch(
            "CREATE INDEX at_three_in_the_morning ON users (last_name);
             ALTER TABLE workflow_runs ALTER attempt TYPE bigint;
             DROP INDEX idx_workflows_locked_by;
             GRANT SELECT, UPDATE ON users TO PUBLIC;
             GRANT SELECT (email) ON users TO dsentr_readonly WITH GRANT OPTION;
             REVOKE EXECUTE ON FUNCTION update_updated_at_column() FROM PUBLIC;
             COMMENT ON COLUMN users.email IS 'it''s the login';
             COMMENT ON INDEX at_three_in_the_morning IS 'mine';
             ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO PUBLIC;",
        )
        .await;
    let url = database.url();
    is(
        "adopt_altered.txt",
        &database,
        &whole().run(&url, ADOPT).await,
    );
    let json = whole()
        .run_with(&[("DATABASE_URL", &url)], ADOPT, Format::Json)
        .await;
    is("adopt_altered.json", &database, &json);
    is(
        "adopt_altered_at.txt",
        &database,
        &whole().run(&url, at("2025_12_01_1", false)).await,
    );
    let there = "SELECT to_regclass('refinery_schema_history') IS NULL";
    assert_eq!(session.value(there).await, "t");
    is(
        "adopt_accepted.txt",
        &database,
        &whole().run(&url, at("2025_12_01_1", true)).await,
    );
    is(
        "adopt_accepted_verify.txt",
        &database,
        &whole().run(&url, VERIFY).await,
    );
    clean(whole(), &database).await;
    // And it does not stand in the way of going back.
    let back = dsentr(&["rollback", "--steps", "1", "--accept-data-loss"]);
    let back = back.env("DATABASE_URL", &url).run();
    assert_eq!(back.code, Some(0), "{}{}", back.stdout, back.stderr);
    clean(whole(), &database).await;
    // What changes after it was accepted is drift.
    session
        .batch("ALTER TABLE workflow_runs ALTER attempt TYPE numeric")
        .await;
    is(
        "adopt_accepted_drift.txt",
        &database,
        &whole().run(&url, VERIFY).await,
    );
}

/// What stands beside the way is brought into line by the SQL that is shown.
#[tokio::test]
async fn the_sql_that_is_shown_brings_privileges_and_comments_into_line() {
    let server = Server::of_its_own();
    let database = by_hand(&server, "2025_12_03_1_add_resume_at_to_workflow_runs").await;
    server.administer(&["CREATE ROLE somebody"]);
    let session = Session::open(&database.url_as("postgres")).await;
    session
        .batch(
            "GRANT SELECT, UPDATE ON users TO PUBLIC;
             GRANT SELECT (email) ON users TO dsentr_readonly WITH GRANT OPTION;
             REVOKE INSERT ON users FROM dsentr_app;
             REVOKE EXECUTE ON FUNCTION update_updated_at_column() FROM PUBLIC;
             COMMENT ON COLUMN users.email IS 'it''s the login';
             COMMENT ON TABLE users IS E'back\\\\slash';
             COMMENT ON CONSTRAINT users_pkey ON users IS 'key';
             COMMENT ON INDEX idx_workflows_locked_by IS 'mine';
             GRANT SELECT (name), UPDATE (name) ON workspaces TO PUBLIC;
             ALTER TABLE stripe_event_log OWNER TO somebody;",
        )
        .await;
    let owner = database.user();
    session
        .batch(&format!(
            "GRANT CONNECT, TEMPORARY ON DATABASE {name} TO PUBLIC;
             GRANT CREATE ON DATABASE {name} TO dsentr_app WITH GRANT OPTION;
             COMMENT ON DATABASE {name} IS 'mine';
             GRANT CREATE, USAGE ON SCHEMA public TO PUBLIC;
             REVOKE INSERT, DELETE ON users FROM {owner};
             ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT EXECUTE ON FUNCTIONS TO dsentr_app;
             GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO PUBLIC;
             GRANT USAGE ON TYPE oauth_provider TO dsentr_app",
            name = database.name(),
        ))
        .await;
    session
        .batch(&format!("SET ROLE {owner}; ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO PUBLIC; RESET ROLE"))
        .await;
    let url = database.url();
    let variables = [("DATABASE_URL", url.as_str())];
    let json = whole().run_with(&variables, ADOPT, Format::Json).await;
    assert!(json.result.is_ok(), "{}", json.text());
    let report: serde_json::Value = serde_json::from_str(&json.stdout).expect("it is JSON");
    let beside = report["beside"].as_array().expect("a list");
    assert!(beside.len() >= 9, "{}", json.stdout);
    let ended = whole().run(&url, VERIFY).await;
    assert_eq!(ended.result.map_err(|error| error.exit_code()), Err(4));
    for one in beside {
        session
            .batch(one["sql"].as_str().expect("each has SQL"))
            .await;
    }
    let ended = whole().run(&url, VERIFY).await;
    assert!(ended.result.is_ok(), "{}", ended.text());
}

/// The sequence of an identity column is shown with the column, and has another name.
#[tokio::test]
async fn the_sql_for_the_sequence_of_an_identity_column_finds_its_name() {
    let forward = "CREATE TABLE \"a.b\" (\"C 'd\" integer GENERATED ALWAYS AS IDENTITY);";
    let unsealed = Library::of(&[("2025_01_01_1_identity.sql", &step(forward))]);
    let library = Library(sealed(unsealed.0, Server::shared()).await);
    let database = Server::shared().database();
    let session = database.session().await;
    session
        .batch(&format!(
            "{forward} ALTER SEQUENCE \"a.b_C 'd_seq\" RENAME TO \"x %s\"; GRANT SELECT, USAGE ON SEQUENCE \"x %s\" TO PUBLIC"
        ))
        .await;
    let url = database.url();
    let variables = [("DATABASE_URL", url.as_str())];
    let json = library.run_with(&variables, ADOPT, Format::Json).await;
    assert!(json.result.is_ok(), "{}", json.text());
    let report: serde_json::Value = serde_json::from_str(&json.stdout).expect("it is JSON");
    let beside = report["beside"].as_array().expect("a list");
    assert_eq!(beside.len(), 1, "{}", json.stdout);
    let sql = beside[0]["sql"].as_str().expect("it has SQL");
    session.batch(sql).await;
    clean(library, &database).await;
}

#[tokio::test]
async fn another_role_owns_everything() {
    let server = Server::of_its_own();
    let database = by_hand(&server, "2025_12_03_1_add_resume_at_to_workflow_runs").await;
    let url = database.url_as("postgres");
    let ended = whole().run(&url, ADOPT).await;
    is("adopt_owner.txt", &database, &ended);
    let session = Session::open(&url).await;
    let owner = database.user();
    let sql = format!("ALTER TABLE public.refinery_schema_history OWNER TO {owner}");
    session.batch(&sql).await;
    clean(whole(), &database).await;
}

/// The trigger functions of existing databases assign with `=`, and end with a semicolon.
const OTHER_BODIES: &str = "
CREATE OR REPLACE FUNCTION update_updated_at_column() RETURNS trigger AS $$
BEGIN
  new.updated_at = NOW(); -- every time
  RETURN NEW;
END;
$$ LANGUAGE plpgsql;
CREATE OR REPLACE FUNCTION set_workflow_schedules_updated_at() RETURNS trigger AS $body$
begin
    NEW.updated_at = now();
    return NEW;
end;
$body$ LANGUAGE plpgsql;";

#[tokio::test]
async fn bodies_that_mean_the_same_are_no_difference() {
    let server = Server::of_its_own();
    let database = by_hand(&server, "2025_12_01_2_issue_message_reads").await;
    let session = database.session().await;
    session.batch(OTHER_BODIES).await;
    let url = database.url();
    is(
        "adopt_bodies.txt",
        &database,
        &whole().run(&url, ADOPT).await,
    );
    is(
        "adopt_bodies_verify.txt",
        &database,
        &whole().run(&url, VERIFY).await,
    );
    clean(whole(), &database).await;
    let back = dsentr(&["rollback", "--steps", "2", "--accept-data-loss"]);
    let back = back.env("DATABASE_URL", &url).run();
    assert_eq!(back.code, Some(0), "{}", back.text());
    clean(whole(), &database).await;
    // A body that means something else is a difference.
    session
        .batch(&OTHER_BODIES.replace("NOW()", "now() - interval '1 day'"))
        .await;
    is(
        "adopt_bodies_drift.txt",
        &database,
        &whole().run(&url, VERIFY).await,
    );
}

/// Nothing of the schema needs it, since PostgreSQL has `gen_random_uuid` itself from 13 on.
#[tokio::test]
async fn an_extension_that_is_not_installed_does_not_block() {
    let server = Server::of_its_own();
    let database = by_hand(&server, "2025_12_01_2_issue_message_reads").await;
    let session = database.session().await;
    session.batch("DROP EXTENSION pgcrypto").await;
    session.batch(OTHER_BODIES).await;
    let url = database.url();
    let ended = whole().run(&url, ADOPT).await;
    is("adopt_no_extension.txt", &database, &ended);
    let ended = whole().run(&url, up()).await;
    assert!(ended.result.is_ok(), "{}", ended.text());
    let ended = whole().run(&url, VERIFY).await;
    is("adopt_no_extension_verify.txt", &database, &ended);
    session
        .batch("CREATE EXTENSION pgcrypto WITH SCHEMA public")
        .await;
    clean(whole(), &database).await;
}

/// Some platforms keep extensions in a schema of their own.
#[tokio::test]
async fn an_extension_in_another_schema_is_as_good() {
    let server = Server::of_its_own();
    let database = by_hand(&server, "2025_12_01_2_issue_message_reads").await;
    let admin = Session::open(&database.url_as("postgres")).await;
    let move_it = "CREATE SCHEMA extensions; ALTER EXTENSION pgcrypto SET SCHEMA extensions";
    admin.batch(move_it).await;
    let url = database.url();
    let ended = whole().run(&url, ADOPT).await;
    is("adopt_extension_elsewhere.txt", &database, &ended);
    clean(whole(), &database).await;
}

/// With an index dropped, two versions are as near: the one without it and the one before it was made.
#[tokio::test]
async fn of_versions_that_are_as_near_the_one_that_is_claimed_is_taken() {
    let server = Server::of_its_own();
    let stem = "2025_12_03_1_add_resume_at_to_workflow_runs";
    let database = by_hand(&server, stem).await;
    let session = database.session().await;
    session
        .batch("DROP INDEX idx_workflow_runs_resume_at")
        .await;
    let url = database.url();
    is(
        "adopt_near_unclaimed.txt",
        &database,
        &whole().run(&url, DRY).await,
    );
    sqlx(&session, &MIGRATIONS[..place(stem)]).await;
    is(
        "adopt_near_claimed.txt",
        &database,
        &whole().run(&url, DRY).await,
    );
}

#[tokio::test]
async fn differences_of_many_tables_are_shown_once() {
    let server = Server::of_its_own();
    let database = by_hand(&server, "2025_12_03_1_add_resume_at_to_workflow_runs").await;
    let admin = Session::open(&database.url_as("postgres")).await;
    admin
        .batch(
            "GRANT SELECT ON ALL TABLES IN SCHEMA public TO PUBLIC;
             GRANT UPDATE ON users TO PUBLIC;
             DO $$ DECLARE one regclass; BEGIN
                 FOREACH one IN ARRAY ARRAY['users', 'workflows', 'workspaces', 'workflow_runs']::regclass[] LOOP
                     EXECUTE format('ALTER TABLE %s ADD COLUMN tenant_id text, OWNER TO postgres', one);
                 END LOOP;
             END $$",
        )
        .await;
    let url = database.url();
    is("adopt_many.txt", &database, &whole().run(&url, ADOPT).await);
    let stem = "2025_12_03_1";
    let ended = whole().run(&url, at(stem, true)).await;
    is("adopt_many_accepted.txt", &database, &ended);
    let ended = whole().run(&url, VERIFY).await;
    assert!(ended.result.is_ok(), "{}", ended.text());
}

#[tokio::test]
async fn two_versions_share_one_schema() {
    let server = Server::of_its_own();
    let database = by_hand(&server, BACKFILL).await;
    let url = database.url();
    is("adopt_shared.txt", &database, &whole().run(&url, DRY).await);
    let session = database.session().await;
    sqlx(&session, &MIGRATIONS[..place(BEFORE_BACKFILL)]).await;
    is(
        "adopt_shared_earlier.txt",
        &database,
        &whole().run(&url, DRY).await,
    );
    session.batch("DROP TABLE _sqlx_migrations").await;
    sqlx(&session, &MIGRATIONS[..place(BACKFILL)]).await;
    is(
        "adopt_shared_later.txt",
        &database,
        &whole().run(&url, DRY).await,
    );
    session.batch("DROP TABLE _sqlx_migrations").await;
    let ended = whole().run(&url, at("2025_11_07_1", false)).await;
    is("adopt_shared_at.txt", &database, &ended);
    assert_eq!(session.value(HISTORY).await, place(BACKFILL).to_string());
}

#[tokio::test]
async fn a_dry_run_changes_nothing_and_the_second_run_finds_nothing_to_do() {
    let server = Server::of_its_own();
    let database = server.owned_database(Role::OwnerWithCreateRole);
    let url = database.url();
    is(
        "adopt_empty.txt",
        &database,
        &whole().run(&url, ADOPT).await,
    );
    is(
        "adopt_empty_at.txt",
        &database,
        &whole().run(&url, at("2025_10_14_1", true)).await,
    );
    let database = by_hand(&server, "2025_10_14_1_create_workspaces").await;
    let url = database.url();
    let session = database.session().await;
    session
        .batch(&format!(
            "ALTER ROLE {} SET default_transaction_read_only TO on",
            database.user()
        ))
        .await;
    is("adopt_dry.txt", &database, &whole().run(&url, DRY).await);
    let there = "SELECT to_regclass('refinery_schema_history') IS NULL";
    assert_eq!(session.value(there).await, "t");
    session
        .batch(&format!(
            "ALTER ROLE {} RESET default_transaction_read_only",
            database.user()
        ))
        .await;
    let ended = whole().run(&url, ADOPT).await;
    assert!(ended.result.is_ok(), "{}", ended.text());
    let before = session.rows("SELECT * FROM refinery_schema_history").await;
    is(
        "adopt_twice.txt",
        &database,
        &whole().run(&url, ADOPT).await,
    );
    is(
        "adopt_elsewhere.txt",
        &database,
        &whole().run(&url, at("2025_05_12_1", false)).await,
    );
    is(
        "adopt_unknown.txt",
        &database,
        &whole().run(&url, at("2025_05_12_9", false)).await,
    );
    assert_eq!(
        session.rows("SELECT * FROM refinery_schema_history").await,
        before
    );
    session
        .batch("UPDATE refinery_schema_history SET checksum = '1' WHERE version = 2025051201")
        .await;
    is(
        "adopt_disagrees.txt",
        &database,
        &whole().run(&url, ADOPT).await,
    );
    let comment =
        "SELECT split_part(obj_description('refinery_schema_history'::regclass), E'\\n', 1)";
    let comment = session.value(comment).await;
    assert!(
        comment.starts_with("adopted at 2025_10_14_1 by "),
        "{comment}"
    );
}

/// Two small migrations and a backfill between them.
async fn small() -> Library {
    let unsealed = Library::of(&[
        (
            "2025_01_01_1_users.sql",
            &step("CREATE TABLE users (id bigint PRIMARY KEY, email text);"),
        ),
        (
            "2025_01_02_1_lower_emails.sql",
            &step("UPDATE users SET email = lower(email);"),
        ),
        (
            "2025_01_03_1_orders.sql",
            &step("CREATE TABLE orders (id bigint PRIMARY KEY);"),
        ),
    ]);
    Library(sealed(unsealed.0, Server::shared()).await)
}

/// The histories of other tools as each makes its table, by a name for the case.
fn histories() -> Vec<(&'static str, String)> {
    let sqlx_row = "INSERT INTO _sqlx_migrations VALUES";
    let sqlx = "CREATE TABLE _sqlx_migrations (version BIGINT PRIMARY KEY, description TEXT NOT NULL, installed_on TIMESTAMPTZ NOT NULL DEFAULT now(), success BOOLEAN NOT NULL, checksum BYTEA NOT NULL, execution_time BIGINT NOT NULL);";
    let golang = "CREATE TABLE schema_migrations (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL);";
    let rails = "CREATE TABLE schema_migrations (version character varying NOT NULL PRIMARY KEY);";
    let goose = "CREATE TABLE goose_db_version (id integer PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY, version_id bigint NOT NULL, is_applied boolean NOT NULL, tstamp timestamp NOT NULL DEFAULT now());";
    let liquibase = "CREATE TABLE databasechangelog (id character varying(255) NOT NULL, author character varying(255) NOT NULL, filename character varying(255) NOT NULL, dateexecuted timestamp without time zone NOT NULL, orderexecuted integer NOT NULL, exectype character varying(10) NOT NULL, md5sum character varying(35), description character varying(255), comments character varying(255), tag character varying(255), liquibase character varying(20), contexts character varying(255), labels character varying(255), deployment_id character varying(10)); CREATE TABLE databasechangeloglock (id integer NOT NULL PRIMARY KEY, locked boolean NOT NULL, lockgranted timestamp without time zone, lockedby character varying(255));";
    let liquibase_rows = "INSERT INTO databasechangelog (id, author, filename, dateexecuted, orderexecuted, exectype) VALUES";
    let prisma = "CREATE TABLE _prisma_migrations (id VARCHAR(36) PRIMARY KEY NOT NULL, checksum VARCHAR(64) NOT NULL, finished_at TIMESTAMPTZ, migration_name VARCHAR(255) NOT NULL, logs TEXT, rolled_back_at TIMESTAMPTZ, started_at TIMESTAMPTZ NOT NULL DEFAULT now(), applied_steps_count INTEGER NOT NULL DEFAULT 0);";
    let atlas = "atlas_schema_revisions (version character varying NOT NULL PRIMARY KEY, description character varying NOT NULL, type bigint NOT NULL DEFAULT 2, applied bigint NOT NULL DEFAULT 0, total bigint NOT NULL DEFAULT 0, executed_at timestamptz NOT NULL DEFAULT now(), execution_time bigint NOT NULL DEFAULT 0, error text, error_stmt text, hash character varying NOT NULL DEFAULT '', partial_hashes jsonb, operator_version character varying NOT NULL DEFAULT '');";
    let atlas_rows = "(version, description, applied, total, error) VALUES";
    vec![
        ("sqlx_failed", format!("{sqlx} {sqlx_row} (1, 'users', now(), true, '', 1), (2, 'lower emails', now(), false, '', -1)")),
        ("sqlx_ahead", format!("{sqlx} {sqlx_row} (1, 'users', now(), true, '', 1), (7, 'orders', now(), true, '', 1)")),
        ("sqlx_unknown", format!("{sqlx} {sqlx_row} (1, 'everything', now(), true, '', 1)")),
        ("sqlx_behind", format!("CREATE TABLE orders (id bigint PRIMARY KEY); {sqlx} {sqlx_row} (1, 'users', now(), true, '', 1), (2, 'the rest', now(), true, '', 1)")),
        ("golang_clean", format!("{golang} INSERT INTO schema_migrations VALUES (2025010201, false)")),
        ("golang_dirty", format!("{golang} INSERT INTO schema_migrations VALUES (2025010201, true)")),
        ("dbmate", format!("{rails} INSERT INTO schema_migrations VALUES ('2025010101'), ('202501021')")),
        ("rails", format!("{rails} INSERT INTO schema_migrations VALUES ('20250101000000'); CREATE TABLE ar_internal_metadata (key character varying NOT NULL PRIMARY KEY, value character varying, created_at timestamp(6) NOT NULL, updated_at timestamp(6) NOT NULL)")),
        ("diesel", "CREATE TABLE __diesel_schema_migrations (version VARCHAR(50) PRIMARY KEY NOT NULL, run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP); \
            INSERT INTO __diesel_schema_migrations VALUES ('2025010201'); \
            CREATE FUNCTION diesel_set_updated_at() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; \
            CREATE FUNCTION diesel_manage_updated_at(_tbl regclass) RETURNS void LANGUAGE plpgsql AS 'BEGIN END'".to_owned()),
        ("flyway", "CREATE TABLE flyway_schema_history (installed_rank INT NOT NULL, version VARCHAR(50), description VARCHAR(200) NOT NULL, type VARCHAR(20) NOT NULL, script VARCHAR(1000) NOT NULL, checksum INTEGER, installed_by VARCHAR(100) NOT NULL, installed_on TIMESTAMP NOT NULL DEFAULT now(), execution_time INTEGER NOT NULL, success BOOLEAN NOT NULL); \
            ALTER TABLE flyway_schema_history ADD CONSTRAINT flyway_schema_history_pk PRIMARY KEY (installed_rank); \
            CREATE INDEX flyway_schema_history_s_idx ON flyway_schema_history (success); \
            INSERT INTO flyway_schema_history VALUES (1, '1', 'users', 'SQL', 'V1__users.sql', 1, 'me', now(), 1, true), (2, '2', 'lower emails', 'SQL', 'V2__lower_emails.sql', 1, 'me', now(), 1, true)".to_owned()),
        ("goose", format!("{goose} INSERT INTO goose_db_version (version_id, is_applied) VALUES (0, true), (2025010101, true), (2025010201, true), (2025010201, false)")),
        (
            "goose_before_3_20",
            format!(
                "{} INSERT INTO goose_db_version (version_id, is_applied) VALUES (0, true), (2025010201, true)",
                goose.replace("integer PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY", "serial NOT NULL PRIMARY KEY")
            ),
        ),
        ("alembic", "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)); INSERT INTO alembic_version VALUES ('ae1027a6acf1')".to_owned()),
        ("yoyo", "CREATE TABLE _yoyo_migration (migration_hash VARCHAR(64), migration_id VARCHAR(255), applied_at_utc TIMESTAMP, PRIMARY KEY (migration_hash)); \
            CREATE TABLE yoyo_lock (locked INT DEFAULT 1, ctime TIMESTAMP, pid INT NOT NULL, PRIMARY KEY (locked)); \
            INSERT INTO _yoyo_migration VALUES ('a', '0001.users', '2025-01-01'), ('b', '0002-lower-emails', '2025-01-02')".to_owned()),
        ("refinery", "CREATE TABLE refinery_by_hand (version int4 PRIMARY KEY, name VARCHAR(255), applied_on VARCHAR(255), checksum VARCHAR(255)); \
            INSERT INTO refinery_by_hand VALUES (1, 'users', '', '1'), (2, 'lower_emails', '', '2')".to_owned()),
        ("flyway_4", "CREATE TABLE schema_version (installed_rank integer NOT NULL, version character varying(50), description character varying(200) NOT NULL, type character varying(20) NOT NULL, script character varying(1000) NOT NULL, checksum integer, installed_by character varying(100) NOT NULL, installed_on timestamp without time zone DEFAULT now() NOT NULL, execution_time integer NOT NULL, success boolean NOT NULL); \
            CREATE INDEX schema_version_s_idx ON schema_version (success); \
            INSERT INTO schema_version VALUES (1, '1', 'users', 'SQL', 'V1__users.sql', 1, 'me', now(), 1, true), (2, '2', 'lower emails', 'SQL', 'V2__lower_emails.sql', 1, 'me', now(), 1, false)".to_owned()),
        ("tern", "CREATE TABLE schema_version (version int4 NOT NULL); INSERT INTO schema_version VALUES (2)".to_owned()),
        ("liquibase", format!("{liquibase} {liquibase_rows} ('users', 'me', 'db/all.xml', now(), 1, 'EXECUTED'), ('2', 'me', 'db/2025-01-02-lower-emails.xml', now(), 2, 'MARK_RAN'), ('orders', 'me', 'db/all.xml', now(), 3, 'SKIPPED')")),
        ("liquibase_before_3", format!(
            "{} {liquibase_rows} ('users', 'me', 'db/all.xml', now(), 1, 'EXECUTED'), ('2', 'me', 'classpath:db/2_lower_emails.sql', now(), 2, 'FAILED')",
            liquibase.replace(", contexts character varying(255), labels character varying(255), deployment_id character varying(10)", ""),
        )),
        ("prisma", format!("{prisma} INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at, rolled_back_at) VALUES ('a', '', '20250101000000_users', now(), NULL), ('b', '', '20250102000000_lower_emails', NULL, now()), ('c', '', '20250102000000_lower_emails', now(), NULL)")),
        ("prisma_failed", format!("{prisma} INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at) VALUES ('a', '', '20250101000000_users', now()), ('b', '', '20250102000000_lower_emails', NULL)")),
        ("knex", "CREATE TABLE knex_migrations (id serial PRIMARY KEY, name varchar(255), batch integer, migration_time timestamptz); \
            CREATE TABLE knex_migrations_lock (index serial PRIMARY KEY, is_locked integer); INSERT INTO knex_migrations_lock (is_locked) VALUES (0); \
            INSERT INTO knex_migrations (name, batch) VALUES ('20250101000000_users.js', 1), ('20250102000000_lower_emails.ts', 1)".to_owned()),
        ("django", "CREATE TABLE django_migrations (id bigint PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY, app varchar(255) NOT NULL, name varchar(255) NOT NULL, applied timestamptz NOT NULL); \
            INSERT INTO django_migrations (app, name, applied) VALUES ('shop', '0001_users', now()), ('shop', '0002_lower_emails', now())".to_owned()),
        ("atlas", format!("CREATE TABLE {atlas} INSERT INTO atlas_schema_revisions {atlas_rows} ('.atlas_cloud_identifier', 'x', 0, 0, NULL), ('20250101000000', 'users', 1, 1, NULL), ('20250102000000', 'lower_emails', 2, 2, '')")),
        ("atlas_in_its_schema", format!("CREATE SCHEMA atlas_schema_revisions; CREATE TABLE atlas_schema_revisions.{atlas} INSERT INTO atlas_schema_revisions.atlas_schema_revisions {atlas_rows} ('1', 'users', 1, 1, NULL), ('2', 'lower_emails', 1, 2, NULL), ('3', 'orders', 0, 2, 'no')")),
        ("sequelize", "CREATE TABLE \"SequelizeMeta\" (name varchar(255) NOT NULL PRIMARY KEY); INSERT INTO \"SequelizeMeta\" VALUES ('20250101000000-users.js'), ('20250102000000-lower-emails.cjs')".to_owned()),
        ("typeorm", "CREATE TABLE migrations (id SERIAL NOT NULL, \"timestamp\" bigint NOT NULL, name character varying NOT NULL, CONSTRAINT \"PK_8c82d7f526340ab734260ea46be\" PRIMARY KEY (id)); INSERT INTO migrations (\"timestamp\", name) VALUES (1735689600000, 'Users1735689600000')".to_owned()),
        ("laravel", "CREATE TABLE migrations (id serial PRIMARY KEY, migration varchar(255) NOT NULL, batch integer NOT NULL); INSERT INTO migrations (migration, batch) VALUES ('2025_01_01_000000_users', 1), ('2025_01_02_000000_lower_emails', 1)".to_owned()),
        ("db_migrate", "CREATE TABLE migrations (id serial PRIMARY KEY, name varchar(255) NOT NULL, run_on timestamp NOT NULL); INSERT INTO migrations (name, run_on) VALUES ('/20250101000000-users', now()), ('/20250102000000-lower-emails', now())".to_owned()),
        ("entity_framework", "CREATE TABLE \"__EFMigrationsHistory\" (\"MigrationId\" character varying(150) NOT NULL, \"ProductVersion\" character varying(32) NOT NULL, CONSTRAINT \"PK___EFMigrationsHistory\" PRIMARY KEY (\"MigrationId\")); INSERT INTO \"__EFMigrationsHistory\" VALUES ('20250101000000_Users', '8.0.0')".to_owned()),
        ("entity_framework_snake_case", "CREATE TABLE \"__EFMigrationsHistory\" (migration_id character varying(150) NOT NULL PRIMARY KEY, product_version character varying(32) NOT NULL); INSERT INTO \"__EFMigrationsHistory\" VALUES ('20250101000000_users', '8.0.0')".to_owned()),
        ("ecto", "CREATE TABLE schema_migrations (version bigint NOT NULL PRIMARY KEY, inserted_at timestamp(0)); INSERT INTO schema_migrations VALUES (2025010101, now()), (2025010201, now())".to_owned()),
        ("drizzle", "CREATE SCHEMA drizzle; CREATE TABLE drizzle.__drizzle_migrations (id SERIAL PRIMARY KEY, hash text NOT NULL, created_at bigint); INSERT INTO drizzle.__drizzle_migrations (hash) VALUES ('4fe5')".to_owned()),
        ("kysely", "CREATE TABLE kysely_migration (name varchar(255) NOT NULL PRIMARY KEY, \"timestamp\" varchar(255) NOT NULL); CREATE TABLE kysely_migration_lock (id varchar(255) NOT NULL PRIMARY KEY, is_locked integer DEFAULT 0 NOT NULL); INSERT INTO kysely_migration VALUES ('001_users', '2025-01-01T00:00:00.000Z')".to_owned()),
        ("node_pg_migrate", "CREATE TABLE pgmigrations (id SERIAL PRIMARY KEY, name varchar(255) NOT NULL, run_on timestamp NOT NULL); INSERT INTO pgmigrations (name, run_on) VALUES ('1735689600000_users', now()), ('1735776000000_lower-emails', now())".to_owned()),
        ("graphile_migrate", "CREATE SCHEMA graphile_migrate; CREATE TABLE graphile_migrate.migrations (hash text PRIMARY KEY, previous_hash text REFERENCES graphile_migrate.migrations, filename text NOT NULL, date timestamptz NOT NULL DEFAULT now()); INSERT INTO graphile_migrate.migrations VALUES ('a', NULL, '000001-users.sql')".to_owned()),
        ("pgroll", "CREATE SCHEMA pgroll; CREATE TABLE pgroll.migrations (schema name NOT NULL, name text NOT NULL, migration jsonb NOT NULL, created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now(), parent text, done boolean NOT NULL DEFAULT false, resulting_schema jsonb NOT NULL DEFAULT '{}', migration_type varchar(32) DEFAULT 'pgroll', PRIMARY KEY (schema, name)); \
            INSERT INTO pgroll.migrations (schema, name, migration, done) VALUES ('public', '01_users', '{}', true), ('public', '02_lower_emails', '{}', false)".to_owned()),
        ("sqitch", "CREATE SCHEMA sqitch; CREATE TABLE sqitch.changes (change_id text PRIMARY KEY, script_hash text, change text NOT NULL, project text NOT NULL, note text NOT NULL DEFAULT '', committed_at timestamptz NOT NULL DEFAULT clock_timestamp(), committer_name text NOT NULL, committer_email text NOT NULL, planned_at timestamptz NOT NULL, planner_name text NOT NULL, planner_email text NOT NULL); \
            INSERT INTO sqitch.changes (change_id, change, project, committer_name, committer_email, planned_at, planner_name, planner_email) VALUES ('a', 'users', 'p', '', '', now(), '', '')".to_owned()),
        ("supabase", "CREATE SCHEMA supabase_migrations; CREATE TABLE supabase_migrations.schema_migrations (version text NOT NULL PRIMARY KEY, statements text[], name text); INSERT INTO supabase_migrations.schema_migrations VALUES ('20250101000000', NULL, 'users')".to_owned()),
        ("not_a_tool", "CREATE TABLE schema_migrations (version text, mine text)".to_owned()),
        ("not_liquibase", liquibase.replace("labels character", "mine character")),
    ]
}

/// Each tool as it defines its table, what it says, and which version is taken.
#[tokio::test]
async fn the_histories_of_other_tools_are_read() {
    let library = small().await;
    let mut all = String::new();
    for (name, sql) in histories() {
        let database = Server::shared().database();
        let session = database.session().await;
        session
            .batch("CREATE TABLE users (email text, id bigint PRIMARY KEY)")
            .await;
        session.batch(&sql).await;
        let ended = library.run(&database.url(), ADOPT).await;
        all.push_str(&format!("== {name}\n{}", mask(&ended.text(), &database)));
        if name.starts_with("not_") {
            continue;
        }
        // Whatever is in them, the tables are another's, with all that is granted on them and hangs on them.
        session
            .batch(
                "GRANT SELECT ON ALL TABLES IN SCHEMA public TO PUBLIC;
                 REVOKE SELECT ON users FROM PUBLIC;
                 DO $$ BEGIN REVOKE SELECT ON orders FROM PUBLIC; EXCEPTION WHEN undefined_table THEN NULL; END $$",
            )
            .await;
        if ended.result.is_err() {
            let version = if name == "sqlx_behind" {
                "2025_01_03_1"
            } else {
                "2025_01_01_1"
            };
            let ended = library.run(&database.url(), at(version, false)).await;
            assert!(ended.result.is_ok(), "{name}\n{}", ended.text());
        }
        session
            .batch("REVOKE ALL ON refinery_schema_history FROM PUBLIC")
            .await;
        let ended = library.run(&database.url(), VERIFY).await;
        assert!(ended.result.is_ok(), "{name}\n{}", ended.text());
    }
    golden("adopt_tools.txt", &all);
}

#[test]
fn the_document_lists_every_tool_and_its_tables() {
    let document = include_str!("../docs/adopt.md");
    for tool in TOOLS {
        let table = tool.table.unwrap_or_default();
        for word in tool.name.split(" or ").chain([table]) {
            assert!(document.contains(word), "docs/adopt.md: no {word}");
        }
    }
}

#[tokio::test]
async fn a_person_settles_what_is_not_clear() {
    let library = small().await;
    let database = Server::shared().database();
    let session = database.session().await;
    session
        .batch(
            "CREATE TABLE users (email text, id bigint PRIMARY KEY);
             CREATE TABLE schema_migrations (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL);
             INSERT INTO schema_migrations VALUES (2025010201, true)",
        )
        .await;
    let ended = library
        .run(&database.url(), at("2025_01_02_1", false))
        .await;
    is("adopt_settled.txt", &database, &ended);
    clean(library, &database).await;
}

/// Nobody knows what a history says that may not be read: by its privileges, or by row-level security.
#[tokio::test]
async fn a_history_that_may_not_be_read_is_for_a_person_to_judge() {
    let library = small().await;
    let server = Server::of_its_own();
    let database = server.owned_database(Role::Owner);
    let session = database.session().await;
    session
        .batch("CREATE TABLE users (email text, id bigint PRIMARY KEY)")
        .await;
    let admin = Session::open(&database.url_as("postgres")).await;
    admin
        .batch("CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY)")
        .await;
    let url = database.url();
    let mut all = library.run(&url, ADOPT).await.text();
    admin
        .batch("GRANT SELECT ON alembic_version TO PUBLIC; ALTER TABLE alembic_version ENABLE ROW LEVEL SECURITY")
        .await;
    all.push_str(&library.run(&url, ADOPT).await.text());
    let there = "SELECT to_regclass('refinery_schema_history') IS NULL";
    assert_eq!(session.value(there).await, "t");
    all.push_str(&library.run(&url, at("2025_01_01_1", false)).await.text());
    let all = mask(&all, &database).replace(database.user(), "<owner>");
    golden("adopt_unreadable.txt", &all);
    assert_eq!(session.value(HISTORY).await, "1");
}

/// Somebody has changed `history.schema`, or runs it without the setting.
#[tokio::test]
async fn a_history_of_this_binary_in_another_schema_is_found() {
    let library = small().await;
    let server = Server::of_its_own();
    let database = server.owned_database(Role::Owner);
    let session = database.session().await;
    let admin = Session::open(&database.url_as("postgres")).await;
    admin
        .batch(&format!(
            "CREATE SCHEMA ops AUTHORIZATION {}",
            database.user()
        ))
        .await;
    let url = database.url();
    let ops = [
        ("DATABASE_URL", url.as_str()),
        ("DSENTR_MIGRATE_HISTORY_SCHEMA", "ops"),
    ];
    let ended = library.run_with(&ops, up(), Format::Text).await;
    assert!(ended.result.is_ok(), "{}", ended.text());
    let mut all = library.run(&url, ADOPT).await.text();
    let there = "SELECT to_regclass('public.refinery_schema_history') IS NULL";
    assert_eq!(session.value(there).await, "t");
    // As the role of the settings has it.
    all.push_str(&library.run_with(&ops, ADOPT, Format::Text).await.text());
    let json = [("DATABASE_URL", url.as_str())];
    all.push_str(&library.run_with(&json, DRY, Format::Json).await.text());
    // One of other files is another's.
    session
        .batch("UPDATE ops.refinery_schema_history SET checksum = '1'")
        .await;
    all.push_str(&library.run(&url, DRY).await.text());
    // And one that may not be read may be ours.
    admin
        .batch("ALTER TABLE ops.refinery_schema_history OWNER TO postgres")
        .await;
    all.push_str(&library.run(&url, DRY).await.text());
    all.push_str(&library.run(&url, at("2025_01_03_1", false)).await.text());
    let all = mask(&all, &database).replace(database.user(), "<owner>");
    golden("adopt_elsewhere_ours.txt", &all);
}

/// Where versions differ in privileges alone, the nearest is taken: what is recorded need not be granted again.
#[tokio::test]
async fn privileges_tell_two_versions_apart() {
    let unsealed = Library::of(&[
        (
            "2025_01_01_1_users.sql",
            &step("CREATE TABLE users (id bigint PRIMARY KEY);"),
        ),
        (
            "2025_01_02_1_grants.sql",
            &step(
                "GRANT SELECT, INSERT, UPDATE ON users TO PUBLIC;\nCOMMENT ON TABLE users IS 'Who has an account.';",
            ),
        ),
    ]);
    let library = Library(sealed(unsealed.0, Server::shared()).await);
    let database = Server::shared().database();
    let session = database.session().await;
    let mut all = String::new();
    for sql in [
        "CREATE TABLE users (id bigint PRIMARY KEY)",
        "GRANT SELECT, INSERT, UPDATE ON users TO PUBLIC; COMMENT ON TABLE users IS 'Who has an account.'",
        "GRANT DELETE ON users TO PUBLIC",
        "REVOKE ALL ON users FROM PUBLIC; COMMENT ON TABLE users IS NULL; GRANT TRUNCATE ON users TO PUBLIC",
    ] {
        session.batch(sql).await;
        let ended = library.run(&database.url(), DRY).await;
        all.push_str(&format!("== {sql}\n{}", mask(&ended.text(), &database)));
    }
    golden("adopt_privileges.txt", &all);
}

#[tokio::test]
async fn a_history_of_another_tool_that_somebody_has_locked_is_not_waited_for_without_an_end() {
    let library = small().await;
    let database = Server::shared().database();
    let session = database.session().await;
    session
        .batch(
            "CREATE TABLE users (email text, id bigint PRIMARY KEY);
             CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY)",
        )
        .await;
    session
        .batch("BEGIN; LOCK TABLE alembic_version IN ACCESS EXCLUSIVE MODE")
        .await;
    let url = database.url();
    let variables = [
        ("DATABASE_URL", url.as_str()),
        ("DSENTR_MIGRATE_TABLE_LOCK_TIMEOUT", "10ms"),
        ("DSENTR_MIGRATE_TABLE_LOCK_BUDGET", "50ms"),
    ];
    let ended = library.run_with(&variables, ADOPT, Format::Text).await;
    let text = mask_counts(&mask(&ended.text(), &database));
    golden("adopt_locked.txt", &text);
}

#[tokio::test]
async fn a_schema_that_somebody_has_locked_is_not_waited_for_without_an_end() {
    let server = Server::of_its_own();
    let database = by_hand(&server, "2025_10_14_1_create_workspaces").await;
    let session = database.session().await;
    session
        .batch("BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE")
        .await;
    let run = adopt(&database)
        .env("DSENTR_MIGRATE_TABLE_LOCK_TIMEOUT", "10ms")
        .env("DSENTR_MIGRATE_TABLE_LOCK_BUDGET", "50ms")
        .run();
    let text = mask_counts(&told(&run, &database, &[])).replace(database.user(), "<owner>");
    golden("adopt_schema_locked.txt", &once(&text));
    session.batch("ROLLBACK").await;
    let run = adopt(&database).run();
    assert_eq!(run.code, Some(0), "{}", run.text());
}

fn adopt(database: &Database<'_>) -> Dsentr {
    dsentr(&["adopt"]).env("DATABASE_URL", &database.url())
}

#[tokio::test]
async fn two_at_once_adopt_it_once() {
    let server = Server::of_its_own();
    let database = by_hand(&server, "2025_10_14_1_create_workspaces").await;
    let runs = [adopt(&database), adopt(&database), adopt(&database)].map(Running::start);
    let runs = runs.map(Running::end);
    let said = |words: &str| {
        let runs = runs.iter();
        runs.filter(|run| run.stdout.contains(words)).count()
    };
    for run in &runs {
        assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    }
    assert_eq!(said("recorded as applied"), 1);
    assert_eq!(said("nothing to do: the history is there already"), 2);
    clean(whole(), &database).await;
}

/// The first COMMIT is that of the look, the second that of the history. Whatever is lost, it is recorded once, by this run.
#[tokio::test]
async fn a_lost_commit_is_settled_by_the_history() {
    let server = Server::of_its_own();
    for fault in [Fault::LoseRequest, Fault::LoseAnswer] {
        for nth in [1, 2] {
            let database = by_hand(&server, "2025_10_14_1_create_workspaces").await;
            let proxy = Proxy::start(server.port());
            proxy.on_commit(fault, nth);
            let url = database.url_through(proxy.port());
            let run = dsentr(&["adopt"]).env("DATABASE_URL", &url).run();
            assert!(proxy.fired(), "{fault:?} {nth}");
            assert_eq!(run.code, Some(0), "{fault:?} {nth}: {}", run.text());
            let recorded = "28 migrations are recorded as applied";
            assert!(
                run.stdout.contains(recorded),
                "{fault:?} {nth}: {}",
                run.text()
            );
            clean(whole(), &database).await;
        }
    }
}

#[tokio::test]
async fn a_pooler_in_transaction_mode_lets_it_through_and_keeps_nothing() {
    let library = small().await;
    let server = Server::shared();
    for size in [1, 2] {
        let pooler = Pooler::start(server, PoolMode::Transaction, size);
        let database = server.database();
        let session = database.session().await;
        session
            .batch("CREATE TABLE users (email text, id bigint PRIMARY KEY)")
            .await;
        let ended = library.run(&pooler.url(&database), ADOPT).await;
        assert!(ended.result.is_ok(), "{}", ended.text());
        assert_eq!(session.value(HISTORY).await, "1");
        session.until(LOCKS, "0").await;
        clean(library, &database).await;
    }
}

/// Between the look and the record somebody changes the schema: what is recorded is what is there.
#[tokio::test]
async fn a_schema_that_changes_meanwhile_is_looked_at_again() {
    let library = small().await;
    let server = Server::of_its_own();
    let database = server.owned_database(Role::Owner);
    let session = database.session().await;
    session
        .batch(
            "CREATE TABLE users (email text, id bigint PRIMARY KEY);
             CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY)",
        )
        .await;
    // Whoever reads what Alembic claims has looked at the schema, which needs no lock on that table.
    session
        .batch("BEGIN; LOCK TABLE alembic_version IN ACCESS EXCLUSIVE MODE")
        .await;
    let url = database.url();
    let run = tokio::spawn(async move { library.run(&url, ADOPT).await });
    let other = database.session().await;
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
         AND query LIKE '%alembic_version%' AND wait_event_type = 'Lock'";
    other.until(waits, "1").await;
    other
        .batch("CREATE TABLE orders (id bigint PRIMARY KEY)")
        .await;
    session.batch("COMMIT").await;
    let ended = run.await.expect("no panic");
    assert!(ended.result.is_ok(), "{}", ended.text());
    assert_eq!(other.value(HISTORY).await, "3");
    clean(library, &database).await;
}

/// A signal while the schema cannot be read, since somebody holds a table for himself alone; and while another runner has
/// the migration lock.
#[tokio::test]
async fn a_signal_ends_it_with_nothing_done() {
    let server = Server::of_its_own();
    let database = by_hand(&server, "2025_10_14_1_create_workspaces").await;
    let session = database.session().await;
    session
        .batch("BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE")
        .await;
    let mut running = Running::start(adopt(&database));
    running.until_blocked(&database).await;
    running.signal("TERM");
    golden(
        "adopt_signal.txt",
        &told(&running.end(), &database, &[]).replace(database.user(), "<owner>"),
    );
    session.batch("ROLLBACK").await;
    let there = "SELECT to_regclass('refinery_schema_history') IS NULL";
    assert_eq!(session.value(there).await, "t");
    let holder = hold_lock(&database).await;
    let run = adopt(&database)
        .env("DSENTR_MIGRATE_LOCK_TIMEOUT", "50ms")
        .run();
    assert_eq!(run.code, Some(5), "{}{}", run.stdout, run.stderr);
    holder.close().await;
    let run = adopt(&database).run();
    assert_eq!(
        (run.code, run.stderr.as_str()),
        (Some(0), ""),
        "{}",
        run.stdout
    );
}
