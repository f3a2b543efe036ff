//! `adopt` on databases that other tools made themselves, the real ones, each in its own way, from another set of files than
//! ours that ends in the same schema.

mod support;

use support::catalogue;
use support::executable::{Dsentr, Run, dsentr};
use support::golden::golden;
use support::mask::told;
use support::peers::{Another, another, peer};
use support::server::{Database, Role, Server, Session};

/// Where the other set agrees with ours, by the name of its file there.
const EARLY: &str = "add_oauth_enum_email"; // 2025_09_16_1
const MIDDLE: &str = "create_workflow_schedules"; // 2025_10_10_1
const LATE: &str = "drop_workspace_teams"; // 2025_10_16_2

/// Versions as the SQLx CLI was given them for Dsentr: dates without zeros, and a counter.
const LOOSE: [&str; 8] = [
    "20255081",
    "20255121",
    "20255231",
    "20259161",
    "202510042",
    "202510101",
    "202510162",
    "202510163",
];

/// The same with zeros, for tools that order versions as texts.
const TIGHT: [&str; 8] = [
    "202505081",
    "202505121",
    "202505231",
    "202509161",
    "202510042",
    "202510101",
    "202510162",
    "202510163",
];

/// A database whose owner may make roles, as later migrations want to.
fn empty(server: &Server) -> Database<'_> {
    server.owned_database(Role::OwnerWithCreateRole)
}

fn run(database: &Database<'_>, arguments: &[&str]) -> Run {
    dsentr(arguments).env("DATABASE_URL", &database.url()).run()
}

fn masked(run: &Run, database: &Database<'_>) -> String {
    told(run, database, &[]).replace(database.user(), "<owner>")
}

/// The whole output of `adopt`.
fn adopts(name: &str, database: &Database<'_>, arguments: &[&str]) {
    let run = run(database, &[&["adopt"], arguments].concat());
    golden(name, &masked(&run, database));
}

/// A command that has to succeed, ours or that of another tool.
fn good(run: &Run) {
    assert_eq!(run.code, Some(0), "{}", run.text());
}

fn bad(run: &Run) {
    assert!(run.code.is_some_and(|code| code != 0), "{}", run.text());
}

/// Where the rows of tables are stored, which transaction wrote each, and what is in it.
async fn bytes(session: &Session, tables: &[&str]) -> Vec<String> {
    let mut all = Vec::new();
    for table in tables {
        let sql = format!(
            "SELECT pg_relation_filenode('{table}'), ctid, xmin, row::text FROM {table} AS row"
        );
        let rows = session.rows(&sql).await;
        assert!(!rows.is_empty(), "{table}");
        all.extend(rows);
    }
    all
}

/// Adopts, goes on to the end, and leaves the tables of the other tool alone.
async fn is_taken_over(name: &str, database: &Database<'_>, tables: &[&str]) {
    let session = database.session().await;
    let before = bytes(&session, tables).await;
    adopts(&format!("adopt_real_{name}.txt"), database, &[]);
    for command in ["verify", "up", "verify"] {
        good(&run(database, &[command]));
    }
    good(&run(database, &["status", "--check"]));
    assert_eq!(bytes(&session, tables).await, before);
    session.close().await;
}

/// Is refused, and nothing at all is written.
async fn is_refused(name: &str, database: &Database<'_>, tables: &[&str]) {
    let session = database.session().await;
    let rows = bytes(&session, tables).await;
    let objects = catalogue::read_exactly(&session).await;
    adopts(name, database, &[]);
    assert_eq!(bytes(&session, tables).await, rows);
    catalogue::assert_same(name, &objects, &catalogue::read_exactly(&session).await);
    let history = "SELECT to_regclass('refinery_schema_history') IS NULL";
    assert_eq!(session.value(history).await, "t");
    session.close().await;
}

/// A run of a tool, in a project that has the files of a set, and one more of this SQL.
type Project = fn(&Database<'_>, &[Another], Option<&str>) -> Dsentr;

/// A tool that was run to the end, then with a file that failed and was rolled back, and with one that carries a COMMIT of
/// its own, so that half of it stays and no tool has a row of it.
async fn of(tool: &str, project: Project, tables: &[&str]) {
    let server = Server::of_its_own();
    let database = empty(&server);
    let set = another(LATE);
    good(&project(&database, &set, None).run());
    let failed = "CREATE TABLE half (id INT); SELECT 1 / 0;";
    bad(&project(&database, &set, Some(failed)).run());
    is_taken_over(tool, &database, tables).await;
    // The tool itself finds everything as it left it.
    good(&project(&database, &set, None).run());

    let database = empty(&server);
    good(&project(&database, &set, None).run());
    let half = "CREATE TABLE half (id INT); COMMIT; SELECT 1 / 0;";
    bad(&project(&database, &set, Some(half)).run());
    is_refused(&format!("adopt_real_{tool}_half.txt"), &database, tables).await;
}

/// The files of a set, each under a number of its own, and one more with the last number.
fn numbered(set: &[Another], numbers: &[&str; 8], last: Option<&str>) -> Vec<(String, String)> {
    let files = set.iter().zip(numbers);
    let mut files: Vec<_> = files
        .map(|(one, number)| (format!("{number}_{}", one.name), one.sql.clone()))
        .collect();
    files.extend(last.map(|sql| (format!("{}_last", numbers[7]), sql.to_owned())));
    files
}

fn sqlx(database: &Database<'_>, set: &[Another], last: Option<&str>) -> Dsentr {
    let run = peer("sqlx", &["migrate", "run"]);
    numbered(set, &LOOSE, last)
        .iter()
        .fold(run, |run, (stem, sql)| {
            run.file(&format!("migrations/{stem}.sql"), sql)
        })
        .env("DATABASE_URL", &database.url())
}

const SQLX: &[&str] = &["_sqlx_migrations"];

/// A database that it has brought to the end of the other set.
async fn by_sqlx(server: &Server) -> (Database<'_>, Session) {
    let database = empty(server);
    good(&sqlx(&database, &another(LATE), None).run());
    let session = database.session().await;
    (database, session)
}

#[tokio::test]
#[ignore = "needs the tools themselves; .ci/adopt installs them and runs this"]
async fn of_sqlx() {
    of("sqlx", sqlx, SQLX).await;
}

#[tokio::test]
#[ignore = "needs the tools themselves; .ci/adopt installs them and runs this"]
async fn of_sqlx_at_earlier_versions() {
    let server = Server::of_its_own();
    for (name, until) in [("sqlx_early", EARLY), ("sqlx_middle", MIDDLE)] {
        let database = empty(&server);
        let set = another(until);
        good(&sqlx(&database, &set, None).run());
        is_taken_over(name, &database, SQLX).await;
        assert_eq!(sqlx(&database, &set, None).run().text(), "[exit 0]\n");
    }
}

#[tokio::test]
#[ignore = "needs the tools themselves; .ci/adopt installs them and runs this"]
async fn of_sqlx_altered_at_three_in_the_morning() {
    let server = Server::of_its_own();
    let (database, session) = by_sqlx(&server).await;
    session
        .batch(
            "CREATE INDEX at_three_in_the_morning ON workflow_runs (leased_by, lease_expires_at)",
        )
        .await;
    is_refused("adopt_real_sqlx_altered.txt", &database, SQLX).await;
    session.batch("DROP INDEX at_three_in_the_morning").await;
    is_taken_over("sqlx", &database, SQLX).await;
}

/// An index that could not be built stays, and SQLx writes no row for it.
#[tokio::test]
#[ignore = "needs the tools themselves; .ci/adopt installs them and runs this"]
async fn of_sqlx_with_an_index_that_could_not_be_built() {
    let server = Server::of_its_own();
    let (database, session) = by_sqlx(&server).await;
    session
        .batch(
            "INSERT INTO users (email, password_hash, first_name, last_name, plan)
             VALUES ('a@b.c', '', 'A', 'B', 'free'), ('b@b.c', '', 'A', 'B', 'free')",
        )
        .await;
    let last = "-- no-transaction\nCREATE UNIQUE INDEX CONCURRENTLY one_plan ON users (plan);";
    bad(&sqlx(&database, &another(LATE), Some(last)).run());
    is_refused("adopt_real_sqlx_invalid.txt", &database, SQLX).await;
}

/// The SQLx of today writes a row only once all went well; what an older one may have left, it refuses as we do.
#[tokio::test]
#[ignore = "needs the tools themselves; .ci/adopt installs them and runs this"]
async fn of_sqlx_with_a_row_that_did_not_succeed() {
    let server = Server::of_its_own();
    let (database, session) = by_sqlx(&server).await;
    session
        .batch("UPDATE _sqlx_migrations SET success = false WHERE version = 202510162")
        .await;
    assert_eq!(
        sqlx(&database, &another(LATE), None).run().text(),
        "error: migration 202510162 is partially applied; fix and remove row from `_sqlx_migrations` table\n[exit 1]\n"
    );
    is_refused("adopt_real_sqlx_dirty.txt", &database, SQLX).await;
    let before = bytes(&session, SQLX).await;
    let at = ["--at", "2025_10_16_2"];
    adopts("adopt_real_sqlx_settled.txt", &database, &at);
    good(&run(&database, &["up"]));
    good(&run(&database, &["verify"]));
    assert_eq!(bytes(&session, SQLX).await, before);
}

/// With the functions that it gives to whoever begins with it.
#[tokio::test]
#[ignore = "needs the tools themselves; .ci/adopt installs them and runs this"]
async fn of_diesel() {
    fn project(database: &Database<'_>, set: &[Another], last: Option<&str>) -> Dsentr {
        let setup = peer("diesel", &["setup"]).file("diesel.toml", "");
        good(&setup.env("DATABASE_URL", &database.url()).run());
        let run = peer("diesel", &["migration", "run"]).file("diesel.toml", "");
        numbered(set, &TIGHT, last)
            .iter()
            .fold(run, |run, (stem, sql)| {
                run.file(&format!("migrations/{stem}/up.sql"), sql)
            })
            .env("DATABASE_URL", &database.url())
    }
    of("diesel", project, &["__diesel_schema_migrations"]).await;
}

#[tokio::test]
#[ignore = "needs the tools themselves; .ci/adopt installs them and runs this"]
async fn of_dbmate() {
    fn project(database: &Database<'_>, set: &[Another], last: Option<&str>) -> Dsentr {
        let run = peer(
            "dbmate",
            &["--migrations-dir", "migrations", "--no-dump-schema", "up"],
        );
        let url = format!("{}?sslmode=disable", database.url());
        numbered(set, &TIGHT, last)
            .iter()
            .fold(run, |run, (stem, sql)| {
                let sql = format!("-- migrate:up\n{sql}\n-- migrate:down\n");
                run.file(&format!("migrations/{stem}.sql"), &sql)
            })
            .env("DATABASE_URL", &url)
    }
    of("dbmate", project, &["schema_migrations"]).await;
}

fn refinery(
    database: &Database<'_>,
    set: &[Another],
    last: Option<&str>,
    options: &[&str],
) -> Dsentr {
    let arguments = ["migrate", "-e", "DATABASE_URL", "-p", "migrations"];
    let run = peer("refinery", &[&arguments, options].concat());
    let numbers = ["V1_", "V2_", "V3_", "V4_", "V5_", "V6_", "V7_", "V8_"];
    numbered(set, &numbers, last)
        .iter()
        .fold(run, |run, (stem, sql)| {
            run.file(&format!("migrations/{stem}.sql"), sql)
        })
        .env("DATABASE_URL", &database.url())
}

#[tokio::test]
#[ignore = "needs the tools themselves; .ci/adopt installs them and runs this"]
async fn of_refinery() {
    fn project(database: &Database<'_>, set: &[Another], last: Option<&str>) -> Dsentr {
        refinery(database, set, last, &["--table-name", "applied"])
    }
    of("refinery", project, &["applied"]).await;
}

/// By default its table is that of our history, and other files make one that disagrees, until somebody gives it another name.
#[tokio::test]
#[ignore = "needs the tools themselves; .ci/adopt installs them and runs this"]
async fn of_refinery_in_the_table_of_our_history() {
    let server = Server::of_its_own();
    let database = empty(&server);
    good(&refinery(&database, &another(LATE), None, &[]).run());
    let table = &["refinery_schema_history"];
    let session = database.session().await;
    let before = bytes(&session, table).await;
    adopts("adopt_real_refinery_ours.txt", &database, &[]);
    assert_eq!(bytes(&session, table).await, before);
    session
        .batch("ALTER TABLE refinery_schema_history RENAME TO applied")
        .await;
    is_taken_over("refinery", &database, &["applied"]).await;
}

/// Its versions are hashes, so that the schema alone says where it is.
#[tokio::test]
#[ignore = "needs the tools themselves; .ci/adopt installs them and runs this"]
async fn of_alembic() {
    const HASHES: [&str; 8] = [
        "a3f0c1d29b11",
        "5d0be1f4a722",
        "0c77e9d31a03",
        "e41f5b6c8d04",
        "91ab23cd4505",
        "7e6d5c4b3a06",
        "2f1e0d9c8b07",
        "b6a59f8e7d08",
    ];
    const ENVIRONMENT: &str = r#"
import os
from alembic import context
from sqlalchemy import create_engine

with create_engine(os.environ["DATABASE_URL"]).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"#;
    fn project(database: &Database<'_>, set: &[Another], last: Option<&str>) -> Dsentr {
        let mut run = peer("alembic", &["upgrade", "head"])
            .file("alembic.ini", "[alembic]\nscript_location = .\n")
            .file("env.py", ENVIRONMENT);
        let mut before = "None".to_owned();
        for ((stem, sql), hash) in numbered(set, &HASHES, last).iter().zip(HASHES) {
            let file = format!(
                "from alembic import op\n\nrevision = '{hash}'\ndown_revision = {before}\n\n\n\
                 def upgrade():\n    op.execute(r'''{sql}''')\n"
            );
            run = run.file(&format!("versions/{stem}.py"), &file);
            before = format!("'{hash}'");
        }
        run.env("DATABASE_URL", &of_psycopg(database))
    }
    of("alembic", project, &["alembic_version"]).await;
}

/// A URL as the tools of Python want it.
fn of_psycopg(database: &Database<'_>) -> String {
    database
        .url()
        .replace("postgres://", "postgresql+psycopg://")
}

#[tokio::test]
#[ignore = "needs the tools themselves; .ci/adopt installs them and runs this"]
async fn of_yoyo() {
    fn project(database: &Database<'_>, set: &[Another], last: Option<&str>) -> Dsentr {
        let url = of_psycopg(database);
        let options = ["--batch", "--no-config-file", "--database", &url];
        let run = peer(
            "yoyo",
            &[&["apply"], &options[..], &["migrations"]].concat(),
        );
        let numbers = [
            "0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008",
        ];
        numbered(set, &numbers, last)
            .iter()
            .fold(run, |run, (stem, sql)| {
                run.file(&format!("migrations/{stem}.sql"), sql)
            })
    }
    let tables = ["_yoyo_migration", "_yoyo_log", "_yoyo_version"];
    of("yoyo", project, &tables).await;
}

/// Active Record, as Rails runs it.
#[tokio::test]
#[ignore = "needs the tools themselves; .ci/adopt installs them and runs this"]
async fn of_rails() {
    const NUMBERS: [&str; 8] = [
        "20250508103000",
        "20250512090000",
        "20250523110000",
        "20250916090000",
        "20251004120000",
        "20251010140000",
        "20251016180000",
        "20251016190000",
    ];
    const MIGRATE: &str = r#"
require "active_record"

ActiveRecord::Migration.verbose = false
ActiveRecord::Base.establish_connection(ENV.fetch("DATABASE_URL"))
ActiveRecord::Migrator.migrations_paths = ["migrate"]
ActiveRecord::Base.connection.migration_context.migrate
"#;
    fn project(database: &Database<'_>, set: &[Another], last: Option<&str>) -> Dsentr {
        let run = peer("ruby", &["migrate.rb"]).file("migrate.rb", MIGRATE);
        numbered(set, &NUMBERS, last)
            .iter()
            .fold(run, |run, (stem, sql)| {
                let words = stem.split('_').skip(1);
                let class: String = words
                    .map(|word| word[..1].to_uppercase() + &word[1..])
                    .collect();
                let file = format!(
                    "class {class} < ActiveRecord::Migration[6.1]\n  def up\n    execute <<~'SQL'\n{sql}\n    SQL\n  end\nend\n"
                );
                run.file(&format!("migrate/{stem}.rb"), &file)
            })
            .env("DATABASE_URL", &database.url())
    }
    let tables = ["schema_migrations", "ar_internal_metadata"];
    of("rails", project, &tables).await;
}
