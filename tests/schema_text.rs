//! The text of a schema: whole, for a database with every kind of object, and the same on every major of PostgreSQL.

mod support;

use dsentr_migrate::config::HistoryTable;
use dsentr_migrate::schema::{Schema, Scope};
use support::golden::golden;
use support::server::{Server, Session};

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
    for (_, server) in &Server::of_the_matrix() {
        golden("schema_every_kind.txt", &text_of_every_kind(server).await);
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
        major: session.major().await,
        cluster: false,
    };
    let schema = Schema::read(session, scope).await;
    schema.unwrap_or_else(|error| panic!("{}", support::server::describe(&error)))
}

#[tokio::test]
async fn no_more_is_needed_than_usage_and_the_session_may_be_set_as_it_likes() {
    let server = Server::of_its_own();
    server.administer(&[
        "CREATE ROLE kind_reader",
        "CREATE ROLE kind_writer",
        "CREATE ROLE nobody LOGIN",
    ]);
    let database = server.database();
    let session = database.session().await;
    session.batch(EVERY_KIND).await;
    // PostgreSQL leaves a schema that a role may not use out of its search_path.
    session
        .batch("GRANT USAGE ON SCHEMA public TO nobody")
        .await;
    let before = read(&session, None).await;
    session
        .batch(
            "CREATE TABLE refinery_schema_history (version bigint PRIMARY KEY);
             GRANT SELECT ON refinery_schema_history TO PUBLIC;
             CREATE TABLE refinery_schema_history_ledger (version bigint PRIMARY KEY, sql text DEFAULT 'x')",
        )
        .await;

    let session = Session::open(&database.url_as("nobody")).await;
    session
        .batch(
            "SET DateStyle TO German; SET IntervalStyle TO iso_8601; SET TimeZone TO 'Asia/Tokyo'; \
             SET quote_all_identifiers TO on; SET search_path TO audit; SET bytea_output TO escape; \
             SET default_transaction_read_only TO on",
        )
        .await;
    let found = read(&session, None).await;
    let before = before.objects.iter();
    let before = before.map(|(object, definition)| (&**object, &**definition));
    assert_eq!(found.differences(before), []);
    let path = session.value("SHOW search_path").await;
    assert_eq!(path, r#""audit""#);
}

#[tokio::test]
async fn within_a_transaction_it_sees_what_was_done_there_and_changes_nothing() {
    let database = Server::shared().database();
    let session = database.session().await;
    session
        .batch("BEGIN; SET LOCAL search_path TO public; SET LOCAL DateStyle TO German; CREATE TABLE t (d date DEFAULT '2020-01-31')")
        .await;
    let table = history();
    let scope = Scope {
        history: &table,
        schemas: Some(&["public"]),
        major: session.major().await,
        cluster: false,
    };
    let schema = Schema::read_within(&session, scope)
        .await
        .expect("it can be read");
    assert_eq!(
        text(&schema),
        "column t.d\n    date default '2020-01-31'::date\ntable t\n    table\n"
    );
    let settings = session
        .value("SELECT current_setting('search_path') || ' ' || current_setting('DateStyle')")
        .await;
    assert_eq!(settings, "public German, DMY");
    // The transaction goes on.
    session.batch("CREATE TABLE u (); ROLLBACK").await;
    assert_eq!(text(&read(&session, Some(&["public"])).await), "");
}

#[tokio::test]
async fn a_role_that_the_statements_name_may_own_the_schema() {
    let server = Server::of_its_own();
    server.administer(&["CREATE ROLE app", "CREATE ROLE named LOGIN"]);
    let [by_another, by_himself] = [server.database(), server.database()];
    server.administer(&[
        &format!("ALTER DATABASE {} OWNER TO named", by_himself.name()),
        &format!("GRANT CREATE ON DATABASE {} TO app", by_another.name()),
        &format!("GRANT CREATE ON DATABASE {} TO app", by_himself.name()),
    ]);
    let statements = "
        CREATE TABLE t (id serial, CONSTRAINT k PRIMARY KEY (id));
        CREATE TABLE given ();
        ALTER TABLE given OWNER TO named;
        CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1';
        GRANT ALL ON t TO named; GRANT SELECT ON t TO app;
        GRANT USAGE ON SEQUENCE t_id_seq TO named;
        GRANT EXECUTE ON FUNCTION f() TO named;
        CREATE POLICY p ON t FOR SELECT TO zz_reader, named, app USING (id > 1);
        CREATE POLICY q ON t TO named WITH CHECK (id > 1);
        ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO named;
        ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO app;
        ALTER DEFAULT PRIVILEGES FOR ROLE named GRANT USAGE ON SEQUENCES TO app";
    server.administer(&["CREATE ROLE zz_reader"]);
    let session = by_another.session().await;
    session.batch(statements).await;
    session
        .batch("GRANT ALL ON SCHEMA public TO named; GRANT USAGE ON SCHEMA public TO app")
        .await;
    let sealed = read(&session, None).await;
    let superuser = by_himself.session().await;
    superuser
        .batch("ALTER SCHEMA public OWNER TO named; GRANT USAGE ON SCHEMA public TO app")
        .await;
    let session = Session::open(&by_himself.url_as("named")).await;
    session.batch(statements).await;
    let live = read(&session, None).await;
    assert_eq!((&*sealed.owner, &*live.owner), ("postgres", "named"));
    let expected = sealed
        .objects
        .iter()
        .map(|(object, definition)| (&**object, &**definition));
    assert_eq!(live.differences(expected.clone()), []);

    // What he takes from himself he has not, and others are not taken for him.
    session
        .batch("REVOKE DELETE ON t FROM named; REVOKE SELECT ON t FROM app; DROP POLICY q ON t")
        .await;
    let live = read(&session, None).await;
    let differing = live.differences(expected);
    let objects: Vec<&str> = differing
        .iter()
        .map(dsentr_migrate::schema::Difference::object)
        .collect();
    assert_eq!(
        objects,
        [
            "policy t.q",
            "privileges on table t for app",
            "privileges on table t for owner"
        ]
    );
}
