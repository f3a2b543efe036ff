//! The step that makes the roles, as the managed PostgreSQL of a customer sees it: no superuser, other databases of
//! the same server, roles that are there already.
//!
//! Roles belong to a server, so each test has one of its own.

mod support;

use support::catalogue::{self, assert_same};
use support::schema::{apply, migrations, run, up_to};
use support::server::{Database, Role, Server, Session};

const STEP: &str = "2025_10_29_1_harden_permissions";
const ROLES: [&str; 3] = [
    "CREATE ROLE dsentr_app NOLOGIN NOINHERIT",
    "CREATE ROLE dsentr_owner NOLOGIN INHERIT",
    "CREATE ROLE dsentr_readonly NOLOGIN NOINHERIT",
];
const ROLES_THERE: &str = "SELECT rolname FROM pg_roles WHERE rolname LIKE 'dsentr%' ORDER BY 1";

/// A database of an owner, and a session at the version before the step.
async fn before_the_step(server: &Server, role: Role) -> (Database<'_>, Session) {
    let database = server.owned_database(role);
    let session = database.session().await;
    for migration in up_to(STEP).0 {
        apply(&session, migration).await;
    }
    (database, session)
}

fn rollback() -> String {
    up_to(STEP)
        .1
        .rollback_sql()
        .expect("the step can be taken back")
}

#[tokio::test]
async fn an_owner_who_may_make_roles_gets_the_whole_schema() {
    let server = Server::of_its_own();
    let database = server.owned_database(Role::OwnerWithCreateRole);
    let session = database.session().await;
    for migration in migrations() {
        apply(&session, migration).await;
    }
    assert_same(
        "for an owner",
        &catalogue::expected(),
        &catalogue::read(&session).await,
    );
    assert_eq!(
        session.rows("SELECT rolname, rolcanlogin, rolinherit FROM pg_roles WHERE rolname LIKE 'dsentr%' ORDER BY 1").await,
        ["dsentr_app|f|f", "dsentr_owner|f|t", "dsentr_readonly|f|f"]
    );
    assert_privileges(&session, database.name()).await;
}

/// What each role may do with each table and sequence, those of later migrations and of tomorrow included: the same
/// for all of a kind, since each role appears once.
async fn assert_privileges(session: &Session, database: &str) {
    session
        .batch("CREATE TABLE tomorrow (id serial PRIMARY KEY)")
        .await;
    let roles = "unnest(ARRAY['dsentr_app', 'dsentr_owner', 'dsentr_readonly', 'public']) AS role";
    let granted = |test: &str, privileges: &str| {
        format!(
            "(SELECT string_agg(p, ' ' ORDER BY p) FROM unnest(string_to_array('{privileges}', ' ')) AS p WHERE {test})"
        )
    };
    let on_relations = |kind: char, test: &str, privileges: &str| {
        let granted = granted(test, privileges);
        format!(
            "SELECT DISTINCT role, {granted} FROM {roles}, pg_class AS c
            WHERE relnamespace = 'public'::regnamespace AND relkind = '{kind}' ORDER BY 1, 2"
        )
    };
    let tables = on_relations(
        'r',
        "has_table_privilege(role, c.oid, p)",
        "DELETE INSERT REFERENCES SELECT TRIGGER TRUNCATE UPDATE",
    );
    assert_eq!(
        session.rows(&tables).await,
        [
            "dsentr_app|DELETE INSERT SELECT UPDATE",
            "dsentr_owner|DELETE INSERT REFERENCES SELECT TRIGGER TRUNCATE UPDATE",
            "dsentr_readonly|SELECT",
            "public|∅",
        ]
    );
    let sequences = on_relations(
        'S',
        "has_sequence_privilege(role, c.oid, p)",
        "SELECT UPDATE USAGE",
    );
    assert_eq!(
        session.rows(&sequences).await,
        [
            "dsentr_app|SELECT USAGE",
            "dsentr_owner|SELECT UPDATE USAGE",
            "dsentr_readonly|∅",
            "public|∅"
        ]
    );
    let rest = format!(
        "SELECT role, {}, {} FROM {roles} ORDER BY 1",
        granted(
            &format!("has_database_privilege(role, '{database}', p)"),
            "CONNECT CREATE TEMPORARY"
        ),
        granted("has_schema_privilege(role, 'public', p)", "CREATE USAGE"),
    );
    assert_eq!(
        session.rows(&rest).await,
        [
            "dsentr_app|CONNECT|USAGE",
            "dsentr_owner|∅|CREATE USAGE",
            "dsentr_readonly|CONNECT|USAGE",
            "public|∅|∅"
        ]
    );
    session.batch("DROP TABLE tomorrow").await;
}

#[tokio::test]
async fn an_owner_who_may_not_make_roles_uses_those_that_are_there() {
    let server = Server::of_its_own();
    server.administer(&ROLES);
    let (database, session) = before_the_step(&server, Role::Owner).await;
    let before = catalogue::read_exactly(&session).await;
    apply(&session, up_to(STEP).1).await;
    let after = catalogue::read_exactly(&session).await;
    run(&session, &rollback())
        .await
        .expect("the owner takes back what he did");
    assert_same(
        "after the rollback",
        &before,
        &catalogue::read_exactly(&session).await,
    );
    apply(&session, up_to(STEP).1).await;
    assert_same(
        "applied again",
        &after,
        &catalogue::read_exactly(&session).await,
    );
    assert_privileges(&session, database.name()).await;
}

#[tokio::test]
async fn an_owner_who_may_not_make_roles_is_told_what_to_ask_for() {
    let server = Server::of_its_own();
    let (database, session) = before_the_step(&server, Role::Owner).await;
    let before = catalogue::read_exactly(&session).await;
    let error = run(&session, up_to(STEP).1.forward_sql())
        .await
        .expect_err("nobody made the roles");
    assert_eq!(
        error,
        format!(
            "role \"dsentr_app\" does not exist, and role \"{}\" may not create it\n\
             HINT: Have a role that may create roles run what is missing of: {};",
            database.user(),
            ROLES.join("; ")
        )
    );
    assert_same(
        "after the failure",
        &before,
        &catalogue::read_exactly(&session).await,
    );
}

#[tokio::test]
async fn the_roles_go_with_the_last_database_that_needs_them() {
    let server = Server::of_its_own();
    let (_one, first) = before_the_step(&server, Role::OwnerWithCreateRole).await;
    let (_two, second) = before_the_step(&server, Role::OwnerWithCreateRole).await;
    apply(&first, up_to(STEP).1).await;
    apply(&second, up_to(STEP).1).await;
    run(&second, &rollback())
        .await
        .expect("the step is taken back");
    assert_eq!(
        first.rows(ROLES_THERE).await,
        ["dsentr_app", "dsentr_owner", "dsentr_readonly"]
    );
    run(&first, &rollback())
        .await
        .expect("the step is taken back");
    assert_eq!(first.rows(ROLES_THERE).await, [""; 0]);
}

#[tokio::test]
async fn two_databases_take_the_step_at_once() {
    let server = Server::of_its_own();
    let (_one, first) = before_the_step(&server, Role::OwnerWithCreateRole).await;
    let (_two, second) = before_the_step(&server, Role::OwnerWithCreateRole).await;
    let (forward, back) = (up_to(STEP).1.forward_sql(), rollback());
    for round in 1..=20 {
        for (sql, way) in [(forward, "forward"), (&back, "back")] {
            let outcome = tokio::join!(run(&first, sql), run(&second, sql));
            assert_eq!(outcome, (Ok(()), Ok(())), "{way}, round {round}");
        }
    }
}
