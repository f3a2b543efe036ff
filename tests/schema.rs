//! The migrations as a whole: the schema they lead to, and the empty one they lead back to.
//!
//! It reads the schema with a query of its own, which knows nothing of the one that seals are made with. Each step by itself
//! is `cargo migration check`'s to prove.
//!
//! Roles belong to a server, not to a database, so each test that takes the step of the roles has a server of its own.

mod support;

use support::catalogue::{self, assert_same};
use support::schema::{apply, migrations, roll_back_all};
use support::server::Server;

#[tokio::test]
async fn all_migrations_give_the_schema_that_the_application_expects() {
    let server = Server::of_its_own();
    let database = server.database();
    let session = database.session().await;
    for migration in migrations() {
        apply(&session, migration).await;
    }
    assert_same(
        "after all migrations",
        &catalogue::expected(),
        &catalogue::read(&session).await,
    );
}

#[tokio::test]
async fn all_rollbacks_bring_back_the_empty_database() {
    let server = Server::of_its_own();
    let database = server.database();
    let session = database.session().await;
    let empty = catalogue::read_exactly(&session).await;
    for migration in migrations() {
        apply(&session, migration).await;
    }
    roll_back_all(&session).await;
    assert_same(
        "after all rollbacks",
        &empty,
        &catalogue::read_exactly(&session).await,
    );
}
