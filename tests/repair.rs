//! `verify --sql` and `adopt --sql`: what they print, run by psql, brings a schema back to what is sealed.

mod support;

use std::collections::BTreeSet;

use dsentr_migrate::cli::Command;
use dsentr_migrate::config::{Format, HistoryTable};
use dsentr_migrate::embedded::MIGRATIONS;
use dsentr_migrate::error::Error;
use dsentr_migrate::repair::{Ground, Place, Repair, repair};
use dsentr_migrate::schema::{Objects, Schema, Scope};
use serde_json::Value;
use support::executable::Run;
use support::golden::golden;
use support::library::{Library, step, up};
use support::mask::mask;
use support::mutations::{MUTATIONS, give_back};
use support::psql::psql;
use support::sealing::sealed;
use support::server::{Database, Server, Session, describe};

const SQL: Command = Command::Verify {
    others: false,
    sql: true,
};

const EVERY_KIND: &str = include_str!("fixtures/schema/every_kind.sql");

/// What is left of these mutations, since PostgreSQL has no statement for it.
const WITHOUT_SQL: &[(&str, &str)] = &[(
    "ALTER TYPE user_role ADD VALUE 'guest'",
    "PostgreSQL cannot remove a label from an enum: 'guest'; rename it, or create another type, convert the columns to it, \
     and drop this one",
)];

/// A statement that is printed.
struct Printed {
    sql: String,
    place: String,
    is_commented_out: bool,
    /// The tables and modes, without weak ones.
    locks: BTreeSet<String>,
}

async fn json(library: Library, database: &Database<'_>, command: Command) -> Value {
    let url = database.url();
    let ended = library
        .run_with(&[("DATABASE_URL", &url)], command, Format::Json)
        .await;
    serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {}", ended.text()))
}

fn objects(list: &Value) -> Vec<String> {
    let list = list.as_array().expect("it is a list");
    let object = |one: &Value| one["object"].as_str().unwrap_or_default().to_owned();
    list.iter().map(object).collect()
}

fn printed(report: &Value) -> Vec<Printed> {
    let list = report["repair"]["statements"].as_array();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let lock = |lock: &Value| format!("{} on {}", text(&lock["lock"]), text(&lock["table"]));
    let one = |statement: &Value| Printed {
        sql: text(&statement["sql"]),
        place: text(&statement["place"]),
        is_commented_out: !statement["commented_out"].is_null(),
        locks: statement["table_locks"]
            .as_array()
            .into_iter()
            .flatten()
            .map(lock)
            .collect(),
    };
    list.expect("it is a list").iter().map(one).collect()
}

/// Runs a file as its head says.
fn run(file: &str, database: &Database<'_>) -> Run {
    psql(&["-X", "-v", "ON_ERROR_STOP=1"], database).run(file)
}

/// A database that is as sealed, on a server of its own.
async fn template(server: &Server) -> (Library, Database<'_>) {
    server.administer(&["CREATE ROLE somebody"]);
    let library = Library(sealed(MIGRATIONS, server).await);
    let template = server.database();
    let ended = library.run(&template.url(), up()).await;
    assert!(ended.result.is_ok(), "{}", ended.text());
    (library, template)
}

async fn changed<'s>(server: &'s Server, template: &Database<'_>, sql: &str) -> Database<'s> {
    let database = server.copy_of(template);
    let session = database.session().await;
    give_back(&database, &session).await;
    session
        .batch(&sql.replace("{database}", database.name()))
        .await;
    session.close().await;
    database
}

#[tokio::test]
async fn each_change_is_undone() {
    let server = Server::of_its_own();
    let (library, template) = template(&server).await;
    let mut wrong = Vec::new();
    for (sql, differing) in MUTATIONS {
        let database = changed(&server, &template, sql).await;
        let url = database.url();
        let ended = library.run(&url, SQL).await;
        let code = ended.result.as_ref().map_or_else(Error::exit_code, |()| 0);
        assert_eq!(code, if differing.is_empty() { 0 } else { 4 }, "{sql}");
        let ran = run(&ended.stdout, &database);
        if ran.code != Some(0) {
            wrong.push(format!("{sql}\n{}\n{}", ended.stdout, ran.text()));
            continue;
        }
        if let Some(left) = left_after_all(library, &database, sql).await {
            wrong.push(format!("{sql}\n{left}\n{}", ended.stdout));
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

/// What differs still once the statements that were commented out have run, too, and has no reason.
async fn left_after_all(library: Library, database: &Database<'_>, sql: &str) -> Option<String> {
    let report = json(library, database, SQL).await;
    let session = database.session().await;
    for statement in printed(&report) {
        if !statement.is_commented_out {
            return Some(format!("once more: {}", statement.sql));
        }
        let sql = format!("SET search_path TO public; {}", statement.sql);
        if let Err(error) = session.try_batch(&sql).await {
            return Some(format!("{}: {error}", statement.sql));
        }
    }
    session.close().await;
    let report = json(library, database, SQL).await;
    let differing = objects(&report["differences"]);
    let reasons = report["repair"]["without_sql"].as_array()?;
    let reasons: Vec<&str> = reasons
        .iter()
        .filter_map(|one| one["reason"].as_str())
        .collect();
    let expected = WITHOUT_SQL.iter().filter(|(mutation, _)| *mutation == sql);
    let expected: Vec<&str> = expected.map(|(_, reason)| *reason).collect();
    let is_right = reasons == expected && differing.len() == expected.len();
    (!is_right).then(|| format!("still {differing:?}, {reasons:?}"))
}

/// The strongest mode that this transaction has on each table and index that was there before.
const HELD: &str = "SELECT DISTINCT ON (relation) replace(mode, 'Lock', '') || ' on ' || relation::regclass
    FROM pg_locks JOIN pg_class AS c ON c.oid = relation
    WHERE pid = pg_backend_pid() AND locktype = 'relation' AND relnamespace = 'public'::regnamespace
      AND mode NOT IN ('AccessShareLock', 'RowShareLock', 'RowExclusiveLock')
      AND relkind <> 'i'
    ORDER BY relation, array_position(ARRAY['AccessExclusiveLock', 'ExclusiveLock', 'ShareRowExclusiveLock', 'ShareLock'], mode)";

#[tokio::test]
async fn the_table_locks_are_those_that_are_taken() {
    let server = Server::of_its_own();
    let (library, template) = template(&server).await;
    let mut wrong = Vec::new();
    for (mutation, _) in MUTATIONS {
        let database = changed(&server, &template, mutation).await;
        let report = json(library, &database, SQL).await;
        let session = database.session().await;
        let before = session
            .rows("SELECT oid::regclass::text FROM pg_class WHERE relkind <> 'i'")
            .await;
        for statement in printed(&report) {
            if statement.place != "transaction" {
                continue;
            }
            session
                .batch(&format!(
                    "BEGIN; SET LOCAL search_path TO public; {}",
                    statement.sql
                ))
                .await;
            let held = session.rows(HELD).await;
            session.batch("COMMIT").await;
            let was_there = |lock: &&String| {
                lock.split_once(" on ")
                    .is_some_and(|(_, table)| before.iter().any(|one| one == table))
            };
            let held: BTreeSet<String> = held.iter().filter(was_there).cloned().collect();
            let said = statement
                .locks
                .iter()
                .filter(|lock| !lock.starts_with("RowShare ") && !lock.contains(" on idx_"));
            let said: BTreeSet<String> = said.cloned().collect();
            // What is dropped has no name to print any more.
            let is_gone = statement.sql.starts_with("DROP");
            if held != said && !is_gone {
                wrong.push(format!(
                    "{}\n  held {held:?}\n  said {said:?}",
                    statement.sql
                ));
            }
        }
        session.close().await;
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

/// What `pg_restore --no-owner --no-acl` leaves: the objects, and nothing that was granted.
const WITHOUT_PRIVILEGES: &str = "
    UPDATE pg_class SET relacl = NULL WHERE relnamespace = 'public'::regnamespace;
    UPDATE pg_attribute SET attacl = NULL WHERE attacl IS NOT NULL AND attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace);
    UPDATE pg_proc SET proacl = NULL WHERE pronamespace = 'public'::regnamespace;
    UPDATE pg_type SET typacl = NULL WHERE typnamespace = 'public'::regnamespace;
    UPDATE pg_namespace SET nspacl = NULL WHERE nspname = 'public';
    UPDATE pg_database SET datacl = NULL WHERE datname = current_database();
    DELETE FROM pg_default_acl";

#[tokio::test]
async fn a_database_that_was_restored_without_privileges_is_repaired_in_one_pass() {
    let server = Server::of_its_own();
    let (library, template) = template(&server).await;
    let database = changed(&server, &template, WITHOUT_PRIVILEGES).await;
    let report = json(library, &database, SQL).await;
    let differing = objects(&report["differences"]);
    let tables = MIGRATIONS.iter().filter_map(|migration| migration.seal);
    let tables = tables
        .flat_map(|seal| seal.added)
        .filter(|(object, _)| object.starts_with("table "));
    assert!(differing.len() > tables.count(), "{differing:?}");
    assert!(
        printed(&report)
            .iter()
            .all(|statement| !statement.is_commented_out)
    );
    let file = library.run(&database.url(), SQL).await.stdout;
    let ran = run(&file, &database);
    assert_eq!(ran.text(), "[exit 0]\n");
    let ended = library.run(&database.url(), SQL).await;
    assert_eq!(
        ended.text(),
        format!(
            "-- The database {:?} has the schema sealed at {}: there is nothing to do.\n[exit 0]\n",
            database.name(),
            MIGRATIONS.last().expect("there are some").version
        )
    );
}

async fn read(session: &Session) -> Schema {
    let history = HistoryTable {
        schema: "public".to_owned(),
        table: "refinery_schema_history".to_owned(),
    };
    let scope = Scope {
        history: &history,
        schemas: None,
        major: session.major().await,
        cluster: false,
    };
    let schema = Schema::read(session, scope).await;
    schema.unwrap_or_else(|error| panic!("{}", describe(&error)))
}

/// What somebody does to a database with an object of every kind.
const ALTERED: &[&str] = &[
    "ALTER TYPE mood RENAME TO humour; ALTER TYPE humour RENAME TO mood; ALTER TYPE address ADD ATTRIBUTE more text CASCADE",
    "ALTER TYPE address DROP ATTRIBUTE kind CASCADE",
    "ALTER DOMAIN email DROP NOT NULL; ALTER DOMAIN email SET DEFAULT 'c@d'; ALTER DOMAIN email DROP CONSTRAINT short;
     ALTER DOMAIN email ADD CONSTRAINT mine CHECK (VALUE <> '')",
    "ALTER SEQUENCE free_numbers AS bigint MAXVALUE 20 CACHE 1 NO CYCLE",
    "ALTER TABLE users ALTER number SET GENERATED BY DEFAULT SET INCREMENT 7 SET CACHE 3; ALTER TABLE users ALTER other SET NO CYCLE",
    "ALTER TABLE users ALTER number DROP IDENTITY",
    "ALTER TABLE users ALTER late DROP DEFAULT; ALTER TABLE users ALTER late ADD GENERATED ALWAYS AS IDENTITY",
    "ALTER TABLE users ALTER name SET STORAGE MAIN, ALTER name SET STATISTICS 5, ALTER name RESET (n_distinct)",
    "ALTER TABLE users ALTER initial DROP EXPRESSION",
    "DROP VIEW counts, exists_one",
    "ALTER TABLE measures DETACH PARTITION measures_2020",
    "ALTER TABLE child NO INHERIT base",
    "ALTER TABLE typed NOT OF",
    "ALTER TABLE measures ADD COLUMN more integer",
    "ALTER TABLE measures ALTER value SET DEFAULT 1",
    "ALTER TABLE base ADD COLUMN more integer NOT NULL DEFAULT 1",
    "ALTER TABLE orders RESET (fillfactor), SET (autovacuum_enabled, toast.autovacuum_enabled)",
    "ALTER TABLE orders NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY, REPLICA IDENTITY DEFAULT",
    "ALTER TABLE audit.log SET LOGGED",
    "ALTER TABLE orders VALIDATE CONSTRAINT orders_note_fkey",
    "ALTER TABLE users VALIDATE CONSTRAINT later",
    "ALTER TABLE orders ALTER CONSTRAINT orders_user_id_fkey NOT DEFERRABLE",
    "ALTER TABLE orders SET WITHOUT CLUSTER; ALTER TABLE users REPLICA IDENTITY NOTHING",
    "ALTER TABLE orders DROP CONSTRAINT orders_during_excl",
    "ALTER TABLE users DROP CONSTRAINT users_email_key, ADD CONSTRAINT users_email_key UNIQUE (email, name)",
    "ALTER INDEX users_tags RESET (fastupdate); ALTER INDEX users_day ALTER COLUMN 1 SET STATISTICS 50",
    "DROP INDEX users_lower; CREATE INDEX users_lower ON users (name)",
    "DROP INDEX measures_value",
    "DROP INDEX audit.summary_mood",
    "ALTER VIEW checked SET (check_option = cascaded, security_barrier); ALTER VIEW checked ALTER a SET DEFAULT 7",
    "ALTER MATERIALIZED VIEW audit.summary SET (fillfactor = 60)",
    "DROP MATERIALIZED VIEW audit.summary; CREATE MATERIALIZED VIEW audit.summary AS SELECT 1 AS mood",
    "CREATE OR REPLACE VIEW happy AS SELECT id, email, name FROM users",
    "ALTER TRIGGER touch ON users RENAME TO touched",
    "ALTER TABLE orders ENABLE TRIGGER off, ENABLE TRIGGER checked",
    "ALTER TABLE measures_2020 DISABLE TRIGGER of_partitions",
    "ALTER TABLE base DISABLE RULE copy",
    "ALTER POLICY narrow ON orders TO PUBLIC USING (true)",
    "ALTER POLICY own ON users WITH CHECK (true)",
    "ALTER STATISTICS users_mood SET STATISTICS 7",
    "DROP STATISTICS audit.all_kinds",
    "ALTER EVENT TRIGGER ddl DISABLE",
    "ALTER FUNCTION touch() SECURITY DEFINER; ALTER PROCEDURE tidy(bigint, interval) SECURITY DEFINER",
    "DROP FUNCTION add(integer, integer, integer[]); CREATE FUNCTION add(x integer, y integer, VARIADIC z integer[]) RETURNS bigint LANGUAGE sql AS 'SELECT 1'",
    "DROP AGGREGATE audit.mean(double precision); DROP TYPE audit.floats",
    "ALTER FUNCTION add(integer, integer, integer[]) OWNER TO kind_reader; ALTER TYPE address OWNER TO kind_reader;
     ALTER TABLE measures OWNER TO postgres; ALTER SCHEMA audit OWNER TO kind_reader",
    "REVOKE ALL ON base FROM kind_writer; GRANT SELECT ON base TO kind_writer",
    "REVOKE GRANT OPTION FOR SELECT ON base FROM kind_writer",
    "GRANT ALL ON child TO postgres; GRANT ALL ON typed TO postgres; REVOKE SELECT (id) ON users FROM kind_writer",
    "GRANT EXECUTE ON FUNCTION touch() TO PUBLIC; GRANT USAGE ON TYPE mood TO PUBLIC",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA audit REVOKE GRANT OPTION FOR USAGE ON SEQUENCES FROM kind_writer;
     ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO PUBLIC",
    "COMMENT ON INDEX users_tags IS NULL; COMMENT ON CONSTRAINT short ON DOMAIN email IS NULL; COMMENT ON COLUMN address.zip IS 'x';
     COMMENT ON STATISTICS users_mood IS NULL; COMMENT ON SCHEMA public IS NULL; COMMENT ON RULE keep ON audit.log IS NULL",
    "CREATE TABLE first (id integer PRIMARY KEY); CREATE TABLE also (id integer REFERENCES first); CREATE TYPE kind AS ENUM ('a');
     CREATE FUNCTION uses(k kind) RETURNS integer LANGUAGE sql AS 'SELECT 1'; CREATE VIEW sees AS SELECT uses('a') AS n FROM also;
     CREATE SEQUENCE numbers; CREATE SCHEMA deep",
];

/// What was done, the statements that undo it, and what is left then.
#[tokio::test]
async fn each_form_of_alter_is_undone() {
    let server = Server::of_its_own();
    server.administer(&["CREATE ROLE kind_reader", "CREATE ROLE kind_writer"]);
    let full = server.database();
    let session = full.session().await;
    session.batch(EVERY_KIND).await;
    session.close().await;
    let whole = {
        let copy = server.copy_of(&full);
        let session = copy.session().await;
        let whole = read(&session).await;
        session.close().await;
        whole.objects
    };
    let mut text = String::new();
    for sql in ALTERED {
        let database = server.copy_of(&full);
        let session = database.session().await;
        session.batch(sql).await;
        let statements = made(&database, &session, &whole).await.statements;
        let failed = bring(&database, &session, &whole).await;
        let left = read(&session).await.differences(pairs(&whole));
        let left = left.iter().map(|one| format!("left: {one:?}\n"));
        let statements = statements.iter().map(|one| {
            let mark = if one.hazard.is_some() { "-- " } else { "" };
            format!("{mark}{}\n", one.sql.replace('\n', "\n    "))
        });
        let failed = failed.iter().map(|one| format!("failed: {one}\n"));
        text.push_str(&format!("# {sql}\n"));
        text.extend(statements.chain(failed).chain(left));
        text.push('\n');
        session.close().await;
    }
    golden("repair_alter.txt", &text);
}

async fn made(database: &Database<'_>, session: &Session, objects: &Objects) -> Repair {
    let live = read(session).await;
    let differences = live.differences(pairs(objects));
    let ground = Ground {
        live: &live,
        database: database.name(),
        role: "postgres",
        major: session.major().await,
    };
    repair(ground, pairs(objects), &differences)
}

/// Runs all statements of a repair from what a database has to these objects.
async fn bring(database: &Database<'_>, session: &Session, objects: &Objects) -> Vec<String> {
    let made = made(database, session, objects).await;
    session
        .batch("SET search_path TO public; SET check_function_bodies TO off")
        .await;
    let mut failed = Vec::new();
    for statement in made.statements {
        // Each by itself: what fails is reported, and the rest is tried.
        let sql = statement.sql;
        if statement.place == Place::Transaction {
            session.batch("BEGIN").await;
        }
        match session.try_batch(&sql).await {
            Ok(()) if statement.place == Place::Transaction => session.batch("COMMIT").await,
            Ok(()) => {}
            Err(error) => {
                failed.push(format!("{sql}: {error}"));
                session.batch("ROLLBACK").await;
            }
        }
    }
    failed.extend(
        made.gaps
            .into_iter()
            .map(|gap| format!("{}: {}", gap.object, gap.reason)),
    );
    failed
}

#[tokio::test]
async fn objects_of_every_kind_are_created_and_dropped() {
    let server = Server::of_its_own();
    server.administer(&["CREATE ROLE kind_reader", "CREATE ROLE kind_writer"]);
    let full = server.database();
    let session = full.session().await;
    session.batch(EVERY_KIND).await;
    let whole = read(&session).await;
    session.close().await;
    let database = server.database();
    let session = database.session().await;
    let empty = read(&session).await;
    let failed = bring(&database, &session, &whole.objects).await;
    let created = read(&session).await;
    let left = created.differences(pairs(&whole.objects));
    let left: Vec<String> = left.iter().map(|one| format!("{one:?}")).collect();
    golden(
        "repair_every_kind_created.txt",
        &format!("{}\n\nleft:\n{}\n", failed.join("\n"), left.join("\n")),
    );
    let failed = bring(&database, &session, &empty.objects).await;
    let dropped = read(&session).await;
    let left = dropped.differences(pairs(&empty.objects));
    let left: Vec<String> = left.iter().map(|one| format!("{one:?}")).collect();
    golden(
        "repair_every_kind_dropped.txt",
        &format!("{}\n\nleft:\n{}\n", failed.join("\n"), left.join("\n")),
    );
}

fn pairs(objects: &Objects) -> impl Iterator<Item = (&str, &str)> {
    objects
        .iter()
        .map(|(object, text)| (object.as_str(), text.as_str()))
}

/// Two migrations, sealed.
async fn small() -> Library {
    let unsealed = Library::of(&[(
        "2025_01_01_1_first.sql",
        &step(
            "CREATE TYPE mood AS ENUM ('sad', 'happy');\n\
             CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL, age integer CHECK (age > 0), mood mood);\n\
             CREATE TABLE posts (id bigint PRIMARY KEY, user_id bigint REFERENCES users, title varchar(20));\n\
             CREATE INDEX posts_user ON posts (user_id);\n\
             CREATE VIEW authors AS SELECT users.email, posts.title FROM users JOIN posts ON posts.user_id = users.id;\n\
             CREATE FUNCTION twice(n integer) RETURNS integer LANGUAGE sql AS 'SELECT 2 * n';",
        ),
    )]);
    Library(sealed(unsealed.0, Server::shared()).await)
}

#[tokio::test]
async fn the_file_reads_as_it_is_documented() {
    let library = small().await;
    let database = Server::shared().database();
    let ended = library.run(&database.url(), up()).await;
    assert!(ended.result.is_ok(), "{}", ended.text());
    let session = database.session().await;
    session
        .batch(
            "DROP INDEX posts_user; CREATE INDEX mine ON users (email); CREATE TABLE extra (id integer);
             ALTER TABLE users DROP CONSTRAINT users_age_check; DROP VIEW authors;
             ALTER TABLE posts ALTER title TYPE text; ALTER TABLE users ALTER email DROP NOT NULL;
             DROP FUNCTION twice; CREATE FUNCTION twice(m integer) RETURNS bigint LANGUAGE sql AS 'SELECT 2';
             ALTER TYPE mood ADD VALUE 'angry'",
        )
        .await;
    session.close().await;
    let ended = library.run(&database.url(), SQL).await;
    golden("repair.sql", &mask(&ended.text(), &database));
    let url = database.url();
    let ended = library
        .run_with(&[("DATABASE_URL", &url)], SQL, Format::Json)
        .await;
    golden("repair.json", &mask(&ended.text(), &database));
}

#[tokio::test]
async fn names_do_not_break_out_of_a_comment() {
    let library = small().await;
    let database = Server::shared().database();
    let ended = library.run(&database.url(), up()).await;
    assert!(ended.result.is_ok(), "{}", ended.text());
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let mark = folder.path().join("m");
    let session = database.session().await;
    for (nth, end) in ["\n", "\r", "\r\n"].iter().enumerate() {
        let name = format!("a{nth}{end}\\! touch {}", mark.display());
        session
            .batch(&format!(
                "CREATE TABLE \"{name}\" (id integer); COMMENT ON TABLE users IS '{name}'"
            ))
            .await;
    }
    session.close().await;
    let file = library.run(&database.url(), SQL).await.stdout;
    let ran = run(&file, &database);
    assert_eq!(ran.text(), "[exit 0]\n", "{file}");
    assert!(!mark.exists(), "{file}");
}

#[tokio::test]
async fn the_file_refuses_another_database() {
    let library = small().await;
    let (one, other) = (Server::shared().database(), Server::shared().database());
    for database in [&one, &other] {
        let ended = library.run(&database.url(), up()).await;
        assert!(ended.result.is_ok(), "{}", ended.text());
    }
    let session = one.session().await;
    session
        .batch("ALTER TABLE users ALTER email DROP NOT NULL")
        .await;
    session.close().await;
    let file = library.run(&one.url(), SQL).await.stdout;
    let ran = run(&file, &other);
    assert_eq!(ran.code, Some(3), "{}", ran.text());
    assert!(
        ran.stderr.contains("and the file was made for"),
        "{}",
        ran.text()
    );
}

#[tokio::test]
async fn a_database_without_history_is_repaired_before_it_is_adopted() {
    let library = small().await;
    let database = Server::shared().database();
    let session = database.session().await;
    session.batch(library.0[0].forward_sql()).await;
    session
        .batch("DROP INDEX posts_user; GRANT SELECT ON users TO PUBLIC")
        .await;
    session.close().await;
    let adopt = |sql| Command::Adopt {
        rebuild_history: false,
        at: None,
        accept_differences: false,
        dry_run: false,
        sql,
    };
    let ended = library.run(&database.url(), adopt(true)).await;
    golden("repair_adopt.sql", &mask(&ended.text(), &database));
    assert_eq!(run(&ended.stdout, &database).text(), "[exit 0]\n");
    let ended = library.run(&database.url(), adopt(false)).await;
    assert!(ended.result.is_ok(), "{}", ended.text());
    let ended = library.run(&database.url(), adopt(true)).await;
    assert!(
        ended.stdout.contains("there is nothing to do"),
        "{}",
        ended.text()
    );
    let ended = library.run(&database.url(), SQL).await;
    assert!(ended.result.is_ok(), "{}", ended.text());
}
