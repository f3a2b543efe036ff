//! What a function that a migration calls leaves in the session, which the build cannot see: what runs after it does not find
//! it, wherever a run was split, and neither does the next client of a pooler.

mod support;

use support::library::{Library, step, up};
use support::pooler::{PoolMode, Pooler};
use support::runners::to;
use support::server::{Database, Server, Session};

/// `leak()` leaves what a function of PL/pgSQL can leave behind its transaction, and `look()` writes down what there is of
/// that. What is prepared stays behind a pooler, so it is made by a function of its own.
const FUNCTIONS: &str = "\
CREATE TABLE seen (step text, name text, value text);
CREATE SEQUENCE numbers CACHE 10;
CREATE FUNCTION leak() RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    CREATE TEMP TABLE scratch (a int);
    EXECUTE 'DECLARE leaked CURSOR WITH HOLD FOR SELECT 1';
    LISTEN leaked;
    PERFORM set_config('app.leaked', 'leaked', false);
    SET session_replication_role = replica;
    SET DateStyle = 'SQL, DMY';
    SET idle_in_transaction_session_timeout = '1h';
    SET application_name = 'leaked';
    SET search_path = pg_catalog;
    RETURN nextval('public.numbers');
END
$$;
CREATE FUNCTION leak_role() RETURNS void LANGUAGE plpgsql AS $$ BEGIN SET ROLE pg_monitor; END $$;
CREATE FUNCTION leak_statement() RETURNS void LANGUAGE plpgsql AS $$
BEGIN EXECUTE 'PREPARE leaked AS SELECT 1'; END $$;
CREATE FUNCTION look(step text) RETURNS void LANGUAGE sql AS $$
    INSERT INTO seen
    SELECT step, name, setting FROM pg_settings WHERE name IN ('session_replication_role', 'DateStyle',
        'idle_in_transaction_session_timeout', 'application_name', 'search_path')
    UNION ALL SELECT step, 'app.leaked', coalesce(current_setting('app.leaked', true), '')
    UNION ALL SELECT step, 'temporary', count(*)::text FROM pg_class WHERE relpersistence = 't'
    UNION ALL SELECT step, 'cursor', name FROM pg_cursors
    UNION ALL SELECT step, 'prepared', name FROM pg_prepared_statements
    UNION ALL SELECT step, 'role', current_user::text
    UNION ALL SELECT step, 'number', nextval('numbers')::text
$$;";

const SEEN: &str = "SELECT * FROM public.seen ORDER BY step, name, value";

/// The migrations: their names, and what each does.
fn files(statements: &[&str]) -> Vec<(String, String)> {
    let named = statements.iter().enumerate();
    named
        .map(|(nth, forward)| (format!("2025_01_01_{}_step.sql", nth + 1), file(forward)))
        .collect()
}

fn file(forward: &str) -> String {
    if forward.contains("CONCURRENTLY") {
        return format!(
            "-- migrate: no-transaction\n{forward}\n\n-- Nothing to undo: the test drops the database.\n"
        );
    }
    step(forward)
}

/// Applies all of them, each run as far as the version that ends it.
async fn seen(
    database: &Database<'_>,
    url: &str,
    files: &[(String, String)],
    ends: &[usize],
) -> Vec<String> {
    let library = Library::of_made(files);
    let runs = ends.iter().map(|end| to(&files[*end].0)).chain([up()]);
    for command in runs {
        let ended = library.run(url, command).await;
        assert!(ended.result.is_ok(), "{}", ended.text());
    }
    let session = database.session().await;
    let seen = session.rows(SEEN).await;
    session.close().await;
    seen
}

#[tokio::test]
async fn wherever_a_run_is_split_the_database_is_the_same() {
    let files = files(&[
        FUNCTIONS,
        "SELECT leak(), leak_statement();",
        "SELECT look('after settings');",
        "SELECT leak_role();",
        "SELECT look('after a role');",
        "SELECT leak(), leak_statement(), leak_role();",
        "CREATE INDEX CONCURRENTLY IF NOT EXISTS seen_step ON public.seen (step);",
        "SELECT look('after a file without a transaction');",
    ]);
    let each: Vec<usize> = (0..files.len() - 1).collect();
    let one_by_one = Server::shared().database();
    let expected = seen(&one_by_one, &one_by_one.url(), &files, &each).await;
    assert!(!expected.is_empty());
    let last = each.len();
    // All on a database that was never migrated, where each is one message, and on another, where each statement is.
    let splits = (0..last).map(|end| vec![end]).chain([Vec::new()]);
    for ends in splits {
        let database = Server::shared().database();
        let found = seen(&database, &database.url(), &files, &ends).await;
        assert_eq!(found, expected, "split after {ends:?}");
    }
}

#[tokio::test]
async fn behind_a_pooler_neither_the_next_migration_nor_the_next_client_finds_it() {
    let files = files(&[
        FUNCTIONS,
        "SELECT leak();",
        "SELECT look('after settings');",
        "SELECT leak_role();",
        "SELECT look('after a role');",
        "SELECT leak();",
    ]);
    let each: Vec<usize> = (0..files.len() - 1).collect();
    let direct = Server::shared().database();
    let expected = seen(&direct, &direct.url(), &files, &each).await;
    let database = Server::shared().database();
    // One for the work, one for the lock.
    let pooler = Pooler::start(database.server(), PoolMode::Transaction, 2);
    let found = seen(&database, &pooler.url(&database), &files, &[]).await;
    assert_eq!(found, expected);

    let fresh = database.session().await;
    let processes = "SELECT pg_backend_pid()";
    // A channel is given up at the end of a transaction, so that it is of no use to ask in the next migration.
    let look = "SELECT public.look('the next client'); \
        INSERT INTO public.seen SELECT 'the next client', 'channel', channel FROM pg_listening_channels() AS channel";
    let next = "SELECT name, value FROM public.seen WHERE step = 'the next client' AND name <> 'number' AND name <> 'application_name' ORDER BY 1, 2";
    fresh.batch(&format!("BEGIN; {look}")).await;
    let expected = fresh.rows(next).await;
    fresh.batch("ROLLBACK").await;
    let clients = [
        Session::open(&pooler.url(&database)).await,
        Session::open(&pooler.url(&database)).await,
    ];
    let mut served = Vec::new();
    for client in &clients {
        client.batch("BEGIN").await;
        served.push(client.value(processes).await);
        client.batch(look).await;
        assert_eq!(client.rows(next).await, expected);
    }
    assert_ne!(
        served[0], served[1],
        "both server connections were looked at"
    );
    for client in clients {
        client.batch("ROLLBACK").await;
        client.close().await;
    }
    fresh.close().await;
}
