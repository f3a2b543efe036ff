//! The executable on each major of PostgreSQL: an empty database, the whole schema, and the way back.

mod support;

use dsentr_migrate::cli::Command;
use dsentr_migrate::embedded::MIGRATIONS;
use support::catalogue::{self, assert_same};
use support::executable::{Run, dsentr};
use support::library::Library;
use support::psql::psql;
use support::sealing::sealed;
use support::server::{Database, Server};

const VERIFY: Command = Command::Verify {
    others: false,
    sql: false,
};

#[tokio::test]
#[ignore = "needs servers of several majors; .ci/matrix installs them and runs this"]
async fn each_major_comes_to_the_same_schema_and_back() {
    for (major, server) in &Server::of_the_matrix() {
        comes_to_the_schema_and_back(major, server).await;
        comes_there_by_psql(major, server).await;
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

/// The same by psql, with nothing but what `script` prints.
async fn comes_there_by_psql(major: &str, server: &Server) {
    let database = server.database();
    let session = database.session().await;
    let script = |arguments: &[&str]| {
        let made = dsentr(&[&["script"], arguments].concat()).run();
        assert_eq!(made.code, Some(0), "{made:?}");
        let ran = psql(&["-X"], &database).run(&made.stdout);
        let clean = (Some(0), "");
        assert_eq!((ran.code, ran.stderr.as_str()), clean, "PostgreSQL {major}");
    };
    script(&[]);
    assert_same(
        &format!("PostgreSQL {major}, by psql"),
        &catalogue::expected(),
        &catalogue::read(&session).await,
    );
    let up = up(&database);
    assert!(
        up.stdout.contains("nothing to do"),
        "PostgreSQL {major}: {up:?}"
    );
    script(&["--rollback", "--to", "0", "--accept-data-loss"]);
    let rows = "SELECT count(*) FROM refinery_schema_history";
    assert_eq!(session.value(rows).await, "0");
}

fn up(database: &Database<'_>) -> Run {
    dsentr(&["up"]).env("DATABASE_URL", &database.url()).run()
}
