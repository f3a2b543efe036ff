//! Databases in which the next run of the 55 migrations stops at a known place.

use super::executable::dsentr;
use super::runners::assert_at_target;
use super::server::{Database, Server, Session};

/// Where [`busy`] stands; one more migration can be applied before the table is needed.
pub(crate) const BEFORE_BUSY: &str = "2025_05_16_1";

/// The migration that needs the table.
pub(crate) const BUSY: &str = "2025_09_15_1_add_used_at_password_reset";

/// A database in which somebody holds a table until his session ends. A run applies a migration and is then blocked.
pub(crate) async fn busy(server: &Server) -> (Database<'_>, Session) {
    let database = server.database();
    up_to(&database, BEFORE_BUSY);
    let holder = hold(&database).await;
    (database, holder)
}

/// Takes the table that the next run needs.
pub(crate) async fn hold(database: &Database<'_>) -> Session {
    let holder = database.session().await;
    holder
        .batch("BEGIN; LOCK TABLE password_resets IN ACCESS EXCLUSIVE MODE")
        .await;
    holder
}

/// A database in which a statement of a migration sleeps for ever. A run applies no migration before it.
pub(crate) async fn slow(server: &Server) -> Database<'_> {
    let database = server.database();
    up_to(&database, "2025_10_31_1");
    let session = database.session().await;
    session
        .batch(
            "CREATE FUNCTION sleeps() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(3600); RETURN NULL; END';
             CREATE TRIGGER sleeps BEFORE UPDATE ON users FOR EACH STATEMENT EXECUTE FUNCTION sleeps()",
        )
        .await;
    session.close().await;
    database
}

/// Makes the statement of [`slow`] fast, as soon as nobody is at it any more.
pub(crate) async fn wake(database: &Database<'_>) {
    let session = database.session().await;
    session.batch("DROP FUNCTION sleeps CASCADE").await;
    session.close().await;
}

/// Applies the embedded migrations up to a version.
pub(crate) fn up_to(database: &Database<'_>, version: &str) {
    let run = dsentr(&["up", "--to", version])
        .env("DATABASE_URL", &database.url())
        .run();
    assert_eq!(run.code, Some(0), "{}", run.text());
}

/// Runs once more, without anybody's repair: the database has to end at the target, each migration once in its history.
pub(crate) async fn assert_next_run_ends_at_target(database: &Database<'_>) {
    let run = dsentr(&["up"]).env("DATABASE_URL", &database.url()).run();
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    assert_at_target(database).await;
}

/// Waits until no other session of the database is left, and with them none of their locks.
pub(crate) async fn until_alone(session: &Session) {
    let others = "SELECT count(*) FROM pg_stat_activity \
                  WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()";
    let start = std::time::Instant::now();
    while session.value(others).await != "0" {
        let activity = session.rows("SELECT pid, state, wait_event, query FROM pg_stat_activity WHERE datname = current_database()");
        let limit = std::time::Duration::from_secs(30);
        assert!(start.elapsed() < limit, "not alone: {:?}", activity.await);
    }
}
