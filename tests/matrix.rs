//! The executable on each major of PostgreSQL: an empty database, the whole schema, and the way back.

mod support;

use std::collections::BTreeMap;
use std::path::Path;

use dsentr_migrate::cli::Command;
use dsentr_migrate::embedded::MIGRATIONS;
use support::catalogue::{self, assert_same};
use support::executable::{Run, dsentr};
use support::library::Library;
use support::sealing::sealed;
use support::server::{Database, Server};

/// The servers to run on, as `.ci/matrix` sets them: `13=/folder/of/its/bin:18=/another`.
const SERVERS: &str = "DSENTR_TEST_PG_MATRIX";

const VERIFY: Command = Command::Verify { others: false };

#[tokio::test]
#[ignore = "needs servers of several majors; .ci/matrix installs them and runs this"]
async fn each_major_comes_to_the_same_schema_and_back() {
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
        comes_to_the_schema_and_back(major, &Server::start(Path::new(bin))).await;
    }
}

async fn comes_to_the_schema_and_back(major: &str, server: &Server) {
    let database = server.database();
    let session = database.session().await;
    let version = session
        .value("SELECT current_setting('server_version_num')::integer / 10000")
        .await;
    assert_eq!(version, major);
    let empty = catalogue::read_exactly(&session).await;

    let first = up(&database);
    assert_eq!(
        first.code,
        Some(0),
        "PostgreSQL {major}, on an empty database: {first:?}"
    );
    let history = "SELECT * FROM public.refinery_schema_history ORDER BY version";
    let applied = session.rows(history).await;
    let expected = catalogue::expected();
    assert_same(
        &format!("PostgreSQL {major}"),
        &expected,
        &catalogue::read(&session).await,
    );

    // The seals may have been gathered on another major.
    let library = Library(sealed(MIGRATIONS, Server::shared()).await);
    let verified = library.run(&database.url(), VERIFY).await;
    assert!(
        verified.result.is_ok(),
        "PostgreSQL {major}: {}",
        verified.text()
    );

    let second = up(&database);
    assert_eq!(
        second.code,
        Some(0),
        "PostgreSQL {major}, once more: {second:?}"
    );
    assert!(
        second.stdout.contains("nothing to do"),
        "PostgreSQL {major}, once more: {second:?}"
    );
    assert_eq!(session.rows(history).await, applied);
    assert_same(
        &format!("PostgreSQL {major}, once more"),
        &expected,
        &catalogue::read(&session).await,
    );

    // Each step is held against the seals before it is committed.
    let arguments = ["rollback", "--to", "0", "--accept-data-loss"];
    let back = dsentr(&arguments)
        .env("DATABASE_URL", &database.url())
        .run();
    assert_eq!(back.code, Some(0), "PostgreSQL {major}, back: {back:?}");
    assert_eq!(session.rows(history).await, [""; 0]);
    session.batch("DROP TABLE refinery_schema_history").await;
    assert_same(
        &format!("PostgreSQL {major}, rolled back"),
        &empty,
        &catalogue::read_exactly(&session).await,
    );
}

fn up(database: &Database<'_>) -> Run {
    dsentr(&["up"]).env("DATABASE_URL", &database.url()).run()
}
