//! The history of the SQLx CLI, as that makes it.

use dsentr_migrate::embedded::MIGRATIONS;

use super::schema::apply;
use super::server::Session;

/// Makes the table, where it is not there.
pub(crate) async fn sqlx_table(session: &Session) {
    session
        .batch(
            "CREATE TABLE IF NOT EXISTS _sqlx_migrations (
    version BIGINT PRIMARY KEY,
    description TEXT NOT NULL,
    installed_on TIMESTAMPTZ NOT NULL DEFAULT now(),
    success BOOLEAN NOT NULL,
    checksum BYTEA NOT NULL,
    execution_time BIGINT NOT NULL
)",
        )
        .await;
}

/// Adds the row of a migration that was applied. SQLx has blanks in descriptions where file names have `_`.
pub(crate) async fn sqlx_row(session: &Session, version: &str, description: &str) {
    let description = description.replace('_', " ");
    session
        .batch(&format!(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
             VALUES ({version}, '{description}', TRUE, '\\x00', 1)"
        ))
        .await;
}

/// Makes an empty database as the SQLx CLI would have left it, with all migrations but the newest.
pub(crate) async fn made_by_sqlx(session: &Session) {
    let (_, made) = MIGRATIONS.split_last().expect("there are migrations");
    sqlx_table(session).await;
    for migration in made {
        apply(session, migration).await;
        let version = migration.version.to_string();
        let (day, counter) = version.rsplit_once('_').expect("a version");
        let number = day.replace('_', "") + counter;
        sqlx_row(session, &number, migration.description).await;
    }
}
