//! What `verify` finds after each statement that changes a schema, on a database with an object of each kind. PostgreSQL's
//! reference gives the statements; `.ci/matrix` runs this on each major.

mod support;

use std::collections::{BTreeMap, BTreeSet};

use dsentr_migrate::config::{HistoryTable, Ignore};
use dsentr_migrate::schema::{Difference, Schema, Scope};
use dsentr_migrate::verify::{judge, others};
use support::forms::Table;
use support::server::{Database, Server, Session, describe};

const FIXTURE: &str = include_str!("fixtures/schema/to_alter.sql");

/// The schemas of the fixture.
const OURS: &[&str] = &["audit", "public"];

/// The name and the definition of each object that migrations made.
type Sealed = BTreeMap<&'static str, &'static str>;

#[test]
fn each_form_has_a_statement_or_a_reason() {
    let table = Table::read();
    let mut seen = BTreeSet::new();
    let mut wrong = Vec::new();
    for command in &table.commands {
        for form in &command.forms {
            let name = format!("{} {}", command.name, form.name);
            if form.rows.is_empty() == form.reason.is_none() {
                wrong.push(format!("{name}: either statements or a reason"));
            }
            if !seen.insert(name.clone()) {
                wrong.push(format!("{name} is there twice"));
            }
            let rows = form.rows.iter();
            let undecided = rows.filter(|row| row.differences.is_empty() == row.reason.is_none());
            wrong.extend(
                undecided.map(|row| format!("{}: either differences or a reason", row.sql)),
            );
        }
    }
    assert_eq!(wrong, [""; 0]);
}

#[tokio::test]
async fn each_statement_gives_its_differences_and_no_others() {
    let server = prepared();
    let database = server.database();
    let session = filled(&database).await;
    let major = session.major().await;
    let mut table = Table::read();
    let sealed = leaked(&read(&session, Some(OURS)).await);
    let mut wrong = Vec::new();
    for row in table.rows().filter(|row| row.since <= major) {
        let sql = row.sql.replace("{database}", database.name());
        let found = match after(&session, &sql).await {
            Ok(live) => differences(&sealed, &live, &[]),
            Err(error) => vec![error],
        };
        if found != row.differences {
            let expected = std::mem::replace(&mut row.differences, found);
            wrong.push(format!(
                "{sql}\n  expected {expected:#?}\n  found    {:#?}",
                row.differences
            ));
        }
    }
    session.batch("DROP SUBSCRIPTION hears").await;
    session.close().await;
    if std::env::var_os("BLESS").is_some_and(|value| value == "1") {
        table.write();
        return;
    }
    assert!(
        wrong.is_empty(),
        "{} differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// A server with the roles that the fixture names.
fn prepared() -> Server {
    let server = Server::of_its_own();
    server.administer(&[
        "CREATE ROLE kind_reader",
        "CREATE ROLE kind_writer",
        "CREATE ROLE kind_idle",
        "CREATE ROLE kind_super SUPERUSER",
        "CREATE ROLE kind_member IN ROLE kind_writer",
    ]);
    server
}

/// A session on a database with the fixture.
async fn filled(database: &Database<'_>) -> Session {
    let session = database.session().await;
    let fixture = FIXTURE.replace("{database}", database.name());
    session.batch(&fixture).await;
    session
}

/// What is there within a transaction that runs this, and is undone.
async fn after(session: &Session, sql: &str) -> Result<Schema, String> {
    session.batch("BEGIN").await;
    let outcome = session.try_batch(sql).await;
    let schema = match outcome {
        Ok(()) => {
            session.batch("SET LOCAL search_path TO public").await;
            let history = history();
            let scope = scope(&history, Some(OURS), session.major().await);
            let schema = Schema::read_within(session, scope).await;
            schema.map_err(|error| describe(&error))
        }
        Err(error) => Err(error),
    };
    session.batch("ROLLBACK").await;
    schema
}

async fn read(session: &Session, schemas: Option<&[&str]>) -> Schema {
    let history = history();
    let scope = scope(&history, schemas, session.major().await);
    let schema = Schema::read(session, scope).await;
    schema.unwrap_or_else(|error| panic!("{}", describe(&error)))
}

fn history() -> HistoryTable {
    HistoryTable {
        schema: "public".to_owned(),
        table: "refinery_schema_history".to_owned(),
    }
}

fn scope<'a>(history: &'a HistoryTable, schemas: Option<&'a [&'a str]>, major: u32) -> Scope<'a> {
    Scope {
        history,
        schemas,
        major,
        cluster: schemas.is_none(),
    }
}

/// A schema as seals have it, which are a part of the executable.
fn leaked(schema: &Schema) -> Sealed {
    let leak = |text: &String| -> &'static str { text.clone().leak() };
    let objects = schema.objects.iter();
    objects
        .map(|(object, definition)| (leak(object), leak(definition)))
        .collect()
}

/// The state and the name of each object that `verify` counts.
fn differences(sealed: &Sealed, live: &Schema, ignore: &[Ignore]) -> Vec<String> {
    let verdict = judge(sealed, None, live, ignore);
    let mut found: Vec<String> = verdict.drift.iter().map(named).collect();
    found.sort();
    found
}

fn named(difference: &Difference) -> String {
    let state = match difference {
        Difference::Absent { .. } => "absent",
        Difference::Extra { .. } => "extra",
        Difference::Different { .. } => "different",
    };
    format!("{state} {}", difference.object())
}

#[tokio::test]
async fn what_may_be_of_others_is_listed_where_no_migration_made_it() {
    let server = prepared();
    let database = server.database();
    let session = database.session().await;
    session.batch("CREATE TABLE ours (id integer)").await;
    let sealed = leaked(&read(&session, Some(OURS)).await);
    let made = [
        "CREATE COLLATION plainly (locale = 'C')",
        "CREATE PUBLICATION told FOR TABLE ours",
        "COMMENT ON PUBLICATION told IS 'x'",
        "CREATE FOREIGN DATA WRAPPER nowhere",
        "CREATE SERVER far FOREIGN DATA WRAPPER nowhere",
        "GRANT USAGE ON FOREIGN SERVER far TO kind_reader",
        "ALTER SERVER far OWNER TO kind_super",
        "CREATE USER MAPPING FOR kind_reader SERVER far",
        "CREATE FUNCTION watch() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'",
        "CREATE EVENT TRIGGER ddl ON sql_drop EXECUTE FUNCTION watch()",
        "CREATE CAST (point AS integer) WITH INOUT",
        "CREATE EXTENSION tcn",
        "CREATE TRIGGER watched AFTER DELETE ON ours FOR EACH ROW EXECUTE FUNCTION triggered_change_notification()",
        "COMMENT ON TRIGGER watched ON ours IS 'x'",
    ];
    session.batch(&made.join("; ")).await;
    let setting = format!("ALTER DATABASE {} SET work_mem TO '8MB'", database.name());
    session.batch(&setting).await;
    let live = read(&session, Some(OURS)).await;
    let found = differences(&sealed, &live, &[]);
    assert_eq!(found, ["extra collation plainly", "extra function watch()"]);
    let others = others(read(&session, None).await, &live, &sealed);
    let listed: Vec<&str> = others.objects.keys().map(String::as_str).collect();
    assert_eq!(
        listed,
        [
            "cast (point as integer)",
            "event trigger ddl",
            "extension tcn",
            "foreign data wrapper nowhere",
            "publication told",
            "server far",
            "setting work_mem of database",
            "trigger ours.watched",
        ]
    );
    let of_roles = others
        .cluster
        .keys()
        .filter(|object| object.contains("kind_"));
    let of_roles: Vec<&str> = of_roles.map(String::as_str).collect();
    assert_eq!(
        of_roles,
        [
            "membership of kind_member in kind_writer by owner",
            "role kind_idle",
            "role kind_member",
            "role kind_reader",
            "role kind_super",
            "role kind_writer",
        ]
    );
}

#[tokio::test]
async fn an_extra_table_is_reported_once_and_ignored_with_its_parts() {
    let server = prepared();
    let database = server.database();
    let session = database.session().await;
    let defaults = "ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO kind_reader; \
        ALTER DEFAULT PRIVILEGES GRANT ALL ON SEQUENCES TO kind_reader";
    session.batch(defaults).await;
    let sealed = leaked(&read(&session, Some(OURS)).await);
    let table = "CREATE TABLE theirs (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, number serial, name text); \
        COMMENT ON COLUMN theirs.id IS 'x'; GRANT SELECT (name) ON theirs TO kind_writer";
    session.batch(table).await;
    let live = read(&session, Some(OURS)).await;
    assert_eq!(differences(&sealed, &live, &[]), ["extra table theirs"]);
    let ignore = Ignore {
        object: "table theirs".to_owned(),
        reason: "a report".to_owned(),
    };
    let ignore = [ignore];
    assert_eq!(differences(&sealed, &live, &ignore), [""; 0]);
    // The same where the table is sealed and only its parts differ.
    let sealed = leaked(&live);
    let parts = "ALTER TABLE theirs ALTER id SET INCREMENT 2, ADD COLUMN more integer; ALTER SEQUENCE theirs_number_seq INCREMENT 2; \
        REVOKE SELECT ON theirs_id_seq FROM kind_reader; COMMENT ON SEQUENCE theirs_number_seq IS 'x'";
    session.batch(parts).await;
    let live = read(&session, Some(OURS)).await;
    assert_eq!(
        differences(&sealed, &live, &[]),
        [
            "different column theirs.id",
            "different privileges on sequence of column theirs.id for kind_reader",
            "different sequence theirs_number_seq",
            "extra column theirs.more",
            "extra comment on sequence theirs_number_seq",
        ]
    );
    assert_eq!(differences(&sealed, &live, &ignore), [""; 0]);
}

/// A newer server may write what this reader does not know.
#[tokio::test]
async fn unknown_values_in_the_catalogs_are_listed_and_not_compared() {
    let server = Server::of_its_own();
    let database = server.database();
    let session = database.session().await;
    session.batch("SET allow_system_table_mods TO on").await;
    let schema = "CREATE TABLE t (id integer, note text DEFAULT 'x', CONSTRAINT c CHECK (id > 0)); \
        ALTER TABLE t ALTER note SET (n_distinct = 5), SET (fillfactor = 70, toast.autovacuum_enabled = off); \
        CREATE INDEX i ON t (id) WITH (fillfactor = 80); CREATE INDEX plain ON t (note); \
        CREATE VIEW v WITH (security_barrier = true) AS SELECT 1 AS one; \
        CREATE FUNCTION f() RETURNS integer LANGUAGE sql SET work_mem TO '1MB' AS 'SELECT 1'; \
        CREATE TABLE odd (id integer); CREATE FUNCTION strange() RETURNS integer LANGUAGE sql AS 'SELECT 1'; \
        CREATE DOMAIN d AS integer";
    session.batch(schema).await;
    let sealed = leaked(&read(&session, Some(OURS)).await);
    let values = [
        "UPDATE pg_attribute SET attoptions = attoptions || '{new_one=1}' WHERE attrelid = 't'::regclass AND attname = 'note'",
        "UPDATE pg_attribute SET attoptions = '{new_one=1}' WHERE attrelid = 't'::regclass AND attname = 'id'",
        "UPDATE pg_class SET reloptions = reloptions || '{new_two=1}' WHERE oid = 't'::regclass",
        "UPDATE pg_class SET reloptions = reloptions || '{new_three=1}' WHERE oid = (SELECT reltoastrelid FROM pg_class WHERE oid = 't'::regclass)",
        "UPDATE pg_class SET reloptions = reloptions || '{new_four=1}' WHERE oid = 'i'::regclass",
        "UPDATE pg_class SET reloptions = '{new_four=1}' WHERE oid = 'plain'::regclass",
        "UPDATE pg_class SET reloptions = reloptions || '{new_five=1}' WHERE oid = 'v'::regclass",
        "UPDATE pg_proc SET proconfig = proconfig || '{new_six=1}' WHERE oid = 'f()'::regprocedure",
        "UPDATE pg_class SET relacl = acldefault('r', relowner) || makeaclitem(0, relowner, 'CONNECT', false) WHERE oid = 't'::regclass",
    ];
    for value in values {
        session.batch(value).await;
    }
    let live = read(&session, Some(OURS)).await;
    assert_eq!(differences(&sealed, &live, &[]), [""; 0]);
    let unknown = unknown(&live);
    assert_eq!(
        unknown,
        [
            "option new_five of views",
            "option new_four of indexes",
            "option new_one of columns",
            "option new_two of tables",
            "option toast.new_three of tables",
            "privilege CONNECT on table t for PUBLIC",
            "setting new_six of function f()",
        ]
    );
    let listed = others(read(&session, None).await, &live, &sealed);
    assert_eq!(listed.unknown, live.unknown);
}

#[tokio::test]
async fn a_kind_of_object_that_is_not_known_is_listed_and_the_rest_is_compared() {
    let server = Server::of_its_own();
    let database = server.database();
    let session = database.session().await;
    session.batch("SET allow_system_table_mods TO on").await;
    let rest = "CREATE TABLE t (id integer)";
    session.batch(rest).await;
    let sealed = leaked(&read(&session, Some(OURS)).await);
    // Each becomes of a kind that no server has, before anybody has it in a cache.
    let odd = "CREATE TABLE odd (id integer); CREATE FUNCTION strange() RETURNS integer LANGUAGE sql AS 'SELECT 1'; \
        CREATE DOMAIN d AS integer; ALTER TABLE t ADD CONSTRAINT c CHECK (id > 0); \
        UPDATE pg_constraint SET contype = 'z' WHERE conname = 'c'; UPDATE pg_class SET relkind = 'z' WHERE relname = 'odd'; \
        UPDATE pg_proc SET prokind = 'z' WHERE proname = 'strange'; UPDATE pg_type SET typtype = 'z' WHERE typname = 'd'";
    session.batch("BEGIN").await;
    session.batch(odd).await;
    let history = history();
    let scope = scope(&history, Some(OURS), session.major().await);
    session.batch("SET LOCAL search_path TO public").await;
    let live = Schema::read_within(&session, scope).await;
    let live = live.unwrap_or_else(|error| panic!("{}", describe(&error)));
    session.batch("ROLLBACK").await;
    assert_eq!(differences(&sealed, &live, &[]), [""; 0]);
    let unknown = unknown(&live);
    assert_eq!(
        unknown,
        [
            "constraint t.c",
            "function strange",
            "relation odd",
            "type d"
        ]
    );
}

/// What the reader does not know, but for what the server of the test writes itself.
fn unknown(live: &Schema) -> Vec<&str> {
    let names = live.unknown.keys().map(String::as_str);
    names.filter(|name| !name.contains("pg_attver")).collect()
}
