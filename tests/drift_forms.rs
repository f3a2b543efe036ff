//! What `verify` finds after each statement that changes a schema, on a database with an object of each kind. PostgreSQL's
//! reference gives the statements; `.ci/matrix` runs this on each major.

mod support;

use std::collections::{BTreeMap, BTreeSet};

use dsentr_migrate::config::{HistoryTable, Ignore};
use dsentr_migrate::schema::{Difference, Schema, Scope};
use dsentr_migrate::verify::judge;
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
            wrong.extend(undecided.map(|row| format!("{}: either differences or a reason", row.sql)));
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
            wrong.push(format!("{sql}\n  expected {expected:#?}\n  found    {:#?}", row.differences));
        }
    }
    session.batch("DROP SUBSCRIPTION hears").await;
    session.close().await;
    if std::env::var_os("BLESS").is_some_and(|value| value == "1") {
        table.write();
        return;
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
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
    objects.map(|(object, definition)| (leak(object), leak(definition))).collect()
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
