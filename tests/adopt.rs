//! `adopt`: databases that were made by hand or by another tool, at several versions, whole and altered. The history tables
//! of other tools are made as those tools define them; what the tools make themselves, `tests/adopt_real_tools.rs` adopts.

mod support;

use dsentr_migrate::cli::Command;
use dsentr_migrate::config::Format;
use dsentr_migrate::embedded::{MIGRATIONS, Migration};
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
    dry_run: false,
};

const DRY: Command = Command::Adopt {
    at: None,
    accept_differences: false,
    dry_run: true,
};

const VERIFY: Command = Command::Verify { others: false };

const HISTORY: &str = "SELECT count(*) FROM refinery_schema_history";

/// The backfill that changes no object, and the version before it.
const BACKFILL: &str = "2025_11_07_1_user_privacy_default";
const BEFORE_BACKFILL: &str = "2025_10_31_1_create_user_terms_acceptances";

fn at(version: &str, accept_differences: bool) -> Command {
    Command::Adopt {
        at: Some(version.parse().expect("it is a version")),
        accept_differences,
        dry_run: false,
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
             ALTER TABLE stripe_event_log OWNER TO somebody;",
        )
        .await;
    let owner = database.user();
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

#[tokio::test]
async fn white_space_in_a_function_is_no_difference() {
    let server = Server::of_its_own();
    let database = by_hand(&server, "2025_12_03_1_add_resume_at_to_workflow_runs").await;
    let session = database.session().await;
    session
        .batch(
            "DO $do$ BEGIN EXECUTE replace(pg_get_functiondef('update_updated_at_column'::regproc), E'\\n', E'\\n  '); END $do$",
        )
        .await;
    let url = database.url();
    is(
        "adopt_white_space.txt",
        &database,
        &whole().run(&url, ADOPT).await,
    );
    is(
        "adopt_white_space_verify.txt",
        &database,
        &whole().run(&url, VERIFY).await,
    );
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

/// Each tool as it defines its table, what it says, and which version is taken.
#[tokio::test]
async fn the_histories_of_other_tools_are_read() {
    let library = small().await;
    let sqlx_row = "INSERT INTO _sqlx_migrations VALUES";
    let sqlx = "CREATE TABLE _sqlx_migrations (version BIGINT PRIMARY KEY, description TEXT NOT NULL, installed_on TIMESTAMPTZ NOT NULL DEFAULT now(), success BOOLEAN NOT NULL, checksum BYTEA NOT NULL, execution_time BIGINT NOT NULL);";
    let golang = "CREATE TABLE schema_migrations (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL);";
    let rails = "CREATE TABLE schema_migrations (version character varying NOT NULL PRIMARY KEY);";
    let goose = "CREATE TABLE goose_db_version (id integer PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY, version_id bigint NOT NULL, is_applied boolean NOT NULL, tstamp timestamp NOT NULL DEFAULT now());";
    let cases = [
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
        ("not_a_tool", "CREATE TABLE schema_migrations (version text, mine text)".to_owned()),
    ];
    let mut all = String::new();
    for (name, sql) in cases {
        let database = Server::shared().database();
        let session = database.session().await;
        session
            .batch("CREATE TABLE users (email text, id bigint PRIMARY KEY)")
            .await;
        session.batch(&sql).await;
        let ended = library.run(&database.url(), ADOPT).await;
        all.push_str(&format!("== {name}\n{}", mask(&ended.text(), &database)));
        if ended.result.is_ok() {
            let ended = library.run(&database.url(), VERIFY).await;
            assert!(ended.result.is_ok(), "{name}\n{}", ended.text());
        }
    }
    golden("adopt_tools.txt", &all);
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

#[tokio::test]
async fn a_table_that_may_not_be_read_is_said_so() {
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
    let ended = library.run(&database.url(), ADOPT).await;
    is("adopt_unreadable.txt", &database, &ended);
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
