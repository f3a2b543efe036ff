//! The text of a schema: whole, for a database with every kind of object, and the same on every major of PostgreSQL.

mod support;

use std::collections::BTreeMap;
use std::path::Path;

use dsentr_migrate::config::HistoryTable;
use dsentr_migrate::schema::{Schema, Scope};
use support::golden::golden;
use support::server::{Server, Session};

/// The servers to run on, as `.ci/matrix` sets them: `13=/folder/of/its/bin:18=/another`.
const SERVERS: &str = "DSENTR_TEST_PG_MATRIX";

const EVERY_KIND: &str = include_str!("fixtures/schema/every_kind.sql");

#[tokio::test]
async fn every_kind_of_object_has_its_text() {
    golden(
        "schema_every_kind.txt",
        &text_of_every_kind(&Server::of_its_own()).await,
    );
}

#[tokio::test]
#[ignore = "needs servers of several majors; .ci/matrix installs them and runs this"]
async fn each_major_prints_the_same_text() {
    let servers =
        std::env::var(SERVERS).unwrap_or_else(|_| panic!("{SERVERS} is not set; run .ci/matrix"));
    let servers: BTreeMap<&str, &str> = servers
        .split(':')
        .map(|server| {
            server
                .split_once('=')
                .expect("each server is written as MAJOR=FOLDER")
        })
        .collect();
    for (major, bin) in servers {
        println!("PostgreSQL {major}");
        let server = Server::start(Path::new(bin));
        golden("schema_every_kind.txt", &text_of_every_kind(&server).await);
    }
}

async fn text_of_every_kind(server: &Server) -> String {
    server.administer(&["CREATE ROLE kind_reader", "CREATE ROLE kind_writer"]);
    let database = server.database();
    let session = database.session().await;
    // Each by itself where it would not go in one transaction.
    session.batch(EVERY_KIND).await;
    let comment = format!("COMMENT ON DATABASE {} IS 'the one'", database.name());
    session.batch(&comment).await;
    let schema = read(&session, None).await;
    assert_eq!(schema.owner, "postgres");
    text(&schema)
}

/// One block an object: its name, and below it the definition.
fn text(schema: &Schema) -> String {
    let block = |(object, definition): (&String, &String)| {
        let definition = definition.replace('\n', "\n    ");
        format!("{object}\n    {definition}\n")
    };
    schema.objects.iter().map(block).collect()
}

fn history() -> HistoryTable {
    HistoryTable {
        schema: "public".to_owned(),
        table: "refinery_schema_history".to_owned(),
    }
}

async fn read(session: &Session, schemas: Option<&[&str]>) -> Schema {
    let scope = Scope {
        history: &history(),
        schemas,
    };
    let schema = Schema::read(session, scope).await;
    schema.unwrap_or_else(|error| panic!("{}", support::server::describe(&error)))
}
