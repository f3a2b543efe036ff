//! Reading a schema of many tables: the work grows with the number of objects, and not with its square.

mod support;

use std::time::Instant;

use dsentr_migrate::config::HistoryTable;
use dsentr_migrate::schema::{SETTINGS, Schema, Scope};
use serde_json::Value;
use support::server::{Database, Server, Session, describe};

/// The servers to measure on, as `.ci/matrix` sets them: `13=/folder/of/its/bin:18=/another`.
const SERVERS: &str = "DSENTR_TEST_PG_MATRIX";

/// How many tables to measure with.
const TABLES: [u32; 3] = [300, 3_000, 10_000];

/// No step of the plan may look at more rows than this for each table: each has fewer than 50 rows in the catalogs.
const ROWS_PER_TABLE: f64 = 60.0;

/// What the catalogs of a new database hold, such as 3,400 functions and their dependencies.
const ROWS_OF_NEW_DATABASE: f64 = 20_000.0;

#[tokio::test]
async fn no_step_compares_each_row_with_each() {
    let database = Server::shared().database();
    let session = database.session().await;
    let tables = 400;
    make(&session, 1, tables).await;
    let plan = explained(&session).await;
    let limit = ROWS_OF_NEW_DATABASE + ROWS_PER_TABLE * f64::from(tables);
    let mut beyond = Vec::new();
    find_work(&plan, limit, &mut beyond);
    assert!(beyond.is_empty(), "{}", beyond.join("\n"));
}

/// Prints a table of times. Nothing is asserted about them: that is for who reads it.
#[tokio::test]
#[ignore = "measures; run .ci/schema-scale"]
async fn time_of_reading() {
    let servers = std::env::var(SERVERS);
    let servers = servers.unwrap_or_else(|_| panic!("{SERVERS} is not set; run .ci/schema-scale"));
    println!("| PostgreSQL | tables | objects | first reading, ms | next readings, ms |");
    println!("| --- | --- | --- | --- | --- |");
    for (_, bin) in servers
        .split(':')
        .filter_map(|server| server.split_once('='))
    {
        let server = Server::start(std::path::Path::new(bin));
        let database = server.database();
        let mut made = 0;
        for tables in TABLES {
            let session = database.session().await;
            make(&session, made + 1, tables).await;
            made = tables;
            session.batch("ANALYZE").await;
            session.close().await;
            measure(&database, tables).await;
        }
    }
}

async fn measure(database: &Database<'_>, tables: u32) {
    let session = database.session().await;
    let version = session.value("SHOW server_version").await;
    let mut times = Vec::new();
    let mut objects = 0;
    for _ in 0..4 {
        let start = Instant::now();
        let schema = Schema::read(&session, scope(&session, &history()).await).await;
        let schema = schema.unwrap_or_else(|error| panic!("{}", describe(&error)));
        times.push(start.elapsed().as_millis());
        objects = schema.objects.len();
    }
    let first = times.remove(0);
    times.sort_unstable();
    let (least, most) = (times[0], times[times.len() - 1]);
    println!("| {version} | {tables} | {objects} | {first} | {least} to {most} |");
    session.close().await;
}

/// Tables as they are: a serial column, defaults, a foreign key, a further index.
async fn make(session: &Session, from: u32, to: u32) {
    for first in (from..=to).step_by(500) {
        let last = to.min(first + 499);
        let sql = format!(
            "DO $$ BEGIN FOR n IN {first}..{last} LOOP
                 EXECUTE format('CREATE TABLE t%s (id serial PRIMARY KEY, a text NOT NULL DEFAULT ''x'', b integer REFERENCES t%s, \
                     c timestamptz DEFAULT now(), d numeric(10, 2) CHECK (d > 0))', n, greatest(n - 1, 1));
                 EXECUTE format('CREATE INDEX ON t%s (a)', n);
             END LOOP; END $$"
        );
        session.batch(&sql).await;
    }
}

fn history() -> HistoryTable {
    HistoryTable {
        schema: "public".to_owned(),
        table: "refinery_schema_history".to_owned(),
    }
}

async fn scope<'a>(session: &Session, history: &'a HistoryTable) -> Scope<'a> {
    Scope {
        history,
        schemas: Some(&["public"]),
        major: session.major().await,
        cluster: true,
    }
}

/// The plan of the query as it was executed.
async fn explained(session: &Session) -> Value {
    let history = history();
    let query = scope(session, &history).await.query();
    session
        .batch(&format!(
            "BEGIN; {SETTINGS}; SET LOCAL search_path TO pg_catalog"
        ))
        .await;
    let plan = session
        .rows(&format!(
            "EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {query}"
        ))
        .await;
    session.batch("COMMIT").await;
    serde_json::from_str(&plan.join("\n")).expect("the plan is JSON")
}

/// The steps that look at more rows than the limit: those that they give, and those that a filter takes out.
fn find_work(plan: &Value, limit: f64, beyond: &mut Vec<String>) {
    match plan {
        Value::Array(plans) => plans.iter().for_each(|plan| find_work(plan, limit, beyond)),
        Value::Object(step) => {
            let number = |key: &str| step.get(key).and_then(Value::as_f64).unwrap_or(0.0);
            let rows = number("Actual Rows")
                + number("Rows Removed by Join Filter")
                + number("Rows Removed by Filter");
            let work = rows * number("Actual Loops");
            if work > limit {
                let name = |key: &str| step.get(key).and_then(Value::as_str).unwrap_or_default();
                beyond.push(format!(
                    "{} {}{}: {work} rows, limit {limit}",
                    name("Node Type"),
                    name("CTE Name"),
                    name("Relation Name")
                ));
            }
            step.values()
                .for_each(|value| find_work(value, limit, beyond));
        }
        _ => {}
    }
}
