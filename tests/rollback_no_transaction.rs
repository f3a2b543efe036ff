//! The way back of migrations whose statements refuse a transaction: one by one, remembered, and gone on with.

mod support;

use support::golden::golden;
use support::library::Library;
use support::rollback::{Scene, sealed, steps, to};

const TABLE: &str = "-- Teams.\n\
    CREATE TABLE IF NOT EXISTS teams (id int PRIMARY KEY, name text NOT NULL);\n\n\
    -- Rollback:\n--   DROP TABLE teams;\n--   -- Data loss: all teams.\n";

const INDEXES: &str = "-- Found by name.\n-- migrate: no-transaction\n\
    CREATE INDEX CONCURRENTLY IF NOT EXISTS teams_name ON public.teams (name);\n\
    CREATE INDEX CONCURRENTLY IF NOT EXISTS teams_lower ON public.teams (lower(name));\n\n\
    -- Rollback:\n--   DROP INDEX CONCURRENTLY IF EXISTS public.teams_lower;\n\
    --   DROP INDEX CONCURRENTLY IF EXISTS public.teams_name;\n";

const DROPPED: &str = "-- Not needed.\n-- migrate: no-transaction\n\
    DROP INDEX CONCURRENTLY IF EXISTS public.teams_lower;\n\n\
    -- Rollback:\n--   CREATE INDEX CONCURRENTLY IF NOT EXISTS teams_lower ON public.teams (lower(name));\n";

async fn scene() -> Scene {
    let library = Library::of(&[
        ("2025_01_01_1_teams.sql", TABLE),
        ("2025_01_02_1_indexes.sql", INDEXES),
        ("2025_01_03_1_dropped.sql", DROPPED),
    ]);
    Scene::of(sealed(library).await).await
}

/// The history, the indexes and whether they are valid, and what the ledger remembers.
async fn stands(scene: &Scene) -> String {
    let session = &scene.session;
    let history = "SELECT coalesce(string_agg(right(version::text, 4), ' ' ORDER BY version), 'none') FROM refinery_schema_history";
    let indexes = "SELECT coalesce(string_agg(relname || CASE WHEN indisvalid THEN '' ELSE ' INVALID' END, ' ' ORDER BY relname), 'none') \
         FROM pg_index JOIN pg_class ON oid = indexrelid WHERE relname LIKE 'teams%'";
    let mut stands = vec![session.value(history).await, session.value(indexes).await];
    let there = "SELECT to_regclass('public.refinery_schema_history_ledger') IS NOT NULL";
    if session.value(there).await == "t" {
        let rows = "SELECT version, statement, done IS NOT NULL FROM refinery_schema_history_ledger ORDER BY 1, 2";
        stands.push(session.rows(rows).await.join(" "));
    }
    stands.join(", ")
}

const ALL: &str = "0101 0201 0301, teams_name teams_pkey";

#[tokio::test]
async fn statements_that_refuse_a_transaction_go_back_one_by_one() {
    let scene = scene().await;
    assert_eq!(stands(&scene).await, ALL);
    golden(
        "rollback_one_by_one_dry_run.txt",
        &scene.text(steps(2).dry_run()).await,
    );
    golden("rollback_one_by_one.txt", &scene.text(steps(1)).await);
    assert_eq!(
        stands(&scene).await,
        "0101 0201, teams_lower teams_name teams_pkey"
    );
    golden(
        "rollback_one_by_one_all.txt",
        &scene.text(to("0").accept_data_loss()).await,
    );
    assert_eq!(stands(&scene).await, "none, none");
}

/// Cut off between two statements, the schema is that of no version. The way out is to go on.
#[tokio::test]
async fn one_that_was_cut_off_is_gone_on_with() {
    let scene = scene().await;
    assert!(scene.run(steps(1)).await.result.is_ok());
    let writer = scene.database.session().await;
    writer.batch("BEGIN; LOCK TABLE teams IN SHARE MODE").await;
    let (library, url) = (scene.library, scene.database.url());
    let run = tokio::spawn(async move { library.run(&url, steps(1).command()).await });
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' \
         AND application_name = 'dsentr-migrate' AND query LIKE 'DROP INDEX%'";
    scene.session.until(waiting, "1").await;
    scene
        .session
        .batch("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'dsentr-migrate'")
        .await;
    let ended = run.await.expect("the run ends");
    golden("rollback_one_by_one_cut.txt", &scene.masked(&ended));
    writer.close().await;
    // As if the kill had come after the first statement.
    scene
        .session
        .batch("DROP INDEX CONCURRENTLY teams_lower")
        .await;
    assert_eq!(
        stands(&scene).await,
        "0101 0201, teams_name teams_pkey, 2025010201|0|f"
    );
    golden(
        "rollback_one_by_one_gone_on.txt",
        &scene.text(steps(1)).await,
    );
    assert_eq!(stands(&scene).await, "0101, teams_pkey");
}

/// An INVALID index of that name is no index.
#[tokio::test]
async fn an_index_that_was_cut_off_on_the_way_back_is_made_anew() {
    let scene = scene().await;
    scene
        .session
        .batch("INSERT INTO teams VALUES (1, 'a'), (2, 'A')")
        .await;
    let by_hand = scene
        .session
        .try_batch("CREATE UNIQUE INDEX CONCURRENTLY teams_lower ON teams (lower(name))")
        .await;
    assert!(by_hand.is_err());
    assert_eq!(
        stands(&scene).await,
        "0101 0201 0301, teams_lower INVALID teams_name teams_pkey"
    );
    let ended = scene.run(steps(1).accept_drift()).await;
    assert!(ended.result.is_ok(), "{}", ended.text());
    assert_eq!(
        stands(&scene).await,
        "0101 0201, teams_lower teams_name teams_pkey"
    );
}

/// Its statements stay, its row too, and what is left to do is the comparison.
#[tokio::test]
async fn one_that_leads_elsewhere_keeps_its_row() {
    let scene = scene().await;
    scene
        .session
        .batch("DROP INDEX teams_name; CREATE INDEX teams_name ON teams (id)")
        .await;
    let elsewhere = "CREATE SCHEMA elsewhere; \
        CREATE FUNCTION elsewhere.leaves() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN CREATE TABLE public.left_over (id int); END'; \
        CREATE EVENT TRIGGER leaves ON ddl_command_end WHEN TAG IN ('CREATE INDEX') EXECUTE FUNCTION elsewhere.leaves()";
    scene.session.batch(elsewhere).await;
    golden(
        "rollback_one_by_one_elsewhere.txt",
        &scene.text(steps(1).accept_drift()).await,
    );
    assert_eq!(
        stands(&scene).await,
        "0101 0201 0301, teams_lower teams_name teams_pkey, 2025010301|0|t"
    );
    scene
        .session
        .batch("DROP EVENT TRIGGER leaves; DROP TABLE left_over; DROP INDEX teams_name; CREATE INDEX teams_name ON teams (name)")
        .await;
    let ended = scene.run(steps(1)).await;
    assert!(ended.result.is_ok(), "{}", ended.text());
    assert_eq!(
        stands(&scene).await,
        "0101 0201, teams_lower teams_name teams_pkey"
    );
}
