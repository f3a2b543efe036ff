//! `rollback` against real servers, with sealed migrations of the tests' own: what it does, what it says, how it ends.

mod support;

use dsentr_migrate::config::Format;
use support::golden::golden;
use support::library::{Library, up};
use support::mask::mask_counts;
use support::pooler::{PoolMode, Pooler};
use support::proxy::{Fault, Proxy};
use support::rollback::{Scene, sealed, steps, to};
use tokio::sync::OnceCell;

const TABLE: &str = "-- Teams.\n\
    CREATE TABLE IF NOT EXISTS teams (id int PRIMARY KEY, name text NOT NULL);\n\n\
    -- Rollback:\n--   DROP TABLE teams;\n--   -- Data loss: all teams.\n";

const COLUMN: &str = "-- A motto.\n\
    ALTER TABLE teams ADD COLUMN IF NOT EXISTS motto text;\n\n\
    -- Rollback:\n--   ALTER TABLE teams DROP COLUMN motto;\n--   -- Data loss: the mottos.\n";

const INDEX: &str = "-- Found by name.\n-- allow: create-index: nobody writes to it.\n\
    CREATE INDEX IF NOT EXISTS teams_name ON teams (name);\n\n\
    -- Rollback:\n--   DROP INDEX teams_name;\n";

const FILL: &str = "-- Everybody has a motto.\n\
    UPDATE teams SET motto = 'none' WHERE motto IS NULL;\n\n\
    -- Nothing to undo: a motto that was filled in cannot be told from one that was chosen.\n";

const TABLE_FILE: &str = "2025_01_01_1_teams.sql";
const COLUMN_FILE: &str = "2025_01_02_1_motto.sql";
const INDEX_FILE: &str = "2025_01_03_1_index.sql";
const FILL_FILE: &str = "2025_01_03_2_fill.sql";

/// Four sealed migrations: a table, a column of it, an index, and one with nothing to undo.
async fn four() -> Library {
    static FOUR: OnceCell<Library> = OnceCell::const_new();
    *FOUR.get_or_init(async || with(FILL_FILE, FILL).await).await
}

/// The first three of them, and one more.
async fn with(file: &str, text: &str) -> Library {
    sealed(Library::of(&[
        (TABLE_FILE, TABLE),
        (COLUMN_FILE, COLUMN),
        (INDEX_FILE, INDEX),
        (file, text),
    ]))
    .await
}

/// The versions in the history, and the objects that the migrations make.
async fn stands(scene: &Scene) -> String {
    let sql = "SELECT string_agg(right(version::text, 4), ' ' ORDER BY version) FROM refinery_schema_history \
               UNION ALL SELECT string_agg(what, ' ' ORDER BY what) FROM ( \
                 SELECT relname AS what FROM pg_class WHERE relnamespace = 'public'::regnamespace \
                   AND relkind IN ('r', 'i') AND relname NOT LIKE 'refinery%' \
                 UNION ALL SELECT 'teams.motto' FROM pg_attribute WHERE attrelid = to_regclass('teams') AND attname = 'motto') AS made";
    scene.session.rows(sql).await.join(" | ")
}

const ALL: &str = "0101 0201 0301 0302 | teams teams.motto teams_name teams_pkey";

#[tokio::test]
async fn newest_first_to_a_version_or_so_many_steps() {
    let scene = Scene::of(four().await).await;
    assert_eq!(stands(&scene).await, ALL);
    golden("rollback_steps.txt", &scene.text(steps(1)).await);
    assert_eq!(
        stands(&scene).await,
        "0101 0201 0301 | teams teams.motto teams_name teams_pkey"
    );
    let back = to("2025_01_01_1").accept_data_loss();
    golden("rollback_to.txt", &scene.text(back).await);
    assert_eq!(stands(&scene).await, "0101 | teams teams_pkey");
    golden("rollback_nothing.txt", &scene.text(back).await);
    golden(
        "rollback_all.txt",
        &scene.text(to("0").accept_data_loss()).await,
    );
    assert_eq!(stands(&scene).await, "∅ | ∅");
    golden("rollback_nothing_left.txt", &scene.text(to("0")).await);
    // And forward again.
    let again = scene.library.run(&scene.database.url(), up()).await;
    assert!(again.result.is_ok(), "{}", again.text());
    assert_eq!(stands(&scene).await, ALL);
    golden("rollback_to.json", &scene.json(to("2025_01_02_1")).await);
}

#[tokio::test]
async fn what_cannot_be_asked_for() {
    let scene = Scene::of(four().await).await;
    let mut told = String::new();
    for flags in [to("2025_01_02_2"), steps(5)] {
        told.push_str(&scene.text(flags).await);
    }
    assert_eq!(stands(&scene).await, ALL);
    assert!(scene.run(steps(2)).await.result.is_ok());
    told.push_str(&scene.text(to("2025_01_03_1")).await);
    golden("rollback_refused.txt", &told);
}

#[tokio::test]
async fn data_loss_has_to_be_accepted() {
    let scene = Scene::of(four().await).await;
    golden("rollback_data_loss.txt", &scene.text(to("0")).await);
    golden("rollback_data_loss.json", &scene.json(to("0")).await);
    assert_eq!(stands(&scene).await, ALL);
}

const IRREVERSIBLE: &str = "-- What was asked for.\n\
    UPDATE teams SET name = lower(name);\n\n\
    -- Irreversible: the names as they were written are not kept.\n";

/// Each obstacle, in one go.
#[tokio::test]
async fn everything_in_the_way_is_told_at_once() {
    let library = with("2025_01_04_1_lower.sql", IRREVERSIBLE).await;
    let scene = Scene::of(library).await;
    scene
        .session
        .batch("CREATE INDEX by_hand ON teams (name); ALTER TABLE teams ALTER COLUMN name DROP NOT NULL; DROP INDEX teams_name")
        .await;
    golden("rollback_obstacles.txt", &scene.text(to("0")).await);
    golden("rollback_obstacles.json", &scene.json(to("0")).await);
    // One that stays is in nobody's way.
    let unsealed = Library::of(&[(TABLE_FILE, TABLE), (COLUMN_FILE, COLUMN)]);
    let scene = Scene::of(unsealed).await;
    golden(
        "rollback_not_sealed.txt",
        &scene.text(steps(1).accept_data_loss()).await,
    );
}

#[tokio::test]
async fn history_and_binary_must_agree() {
    let library = four().await;
    let scene = Scene::of(library).await;
    let older = Library(&library.0[..3]);
    let ended = older.run(&scene.database.url(), steps(1).command()).await;
    golden("rollback_unknown.txt", &scene.masked(&ended));
    scene
        .session
        .batch("UPDATE refinery_schema_history SET checksum = '1' WHERE version = 2025010301")
        .await;
    golden("rollback_divergent.txt", &scene.text(steps(1)).await);
    assert_eq!(stands(&scene).await, ALL);
}

#[tokio::test]
async fn drift_stops_a_rollback_until_it_is_accepted() {
    let scene = Scene::of(four().await).await;
    scene
        .session
        .batch("CREATE INDEX by_hand ON teams (name)")
        .await;
    golden("rollback_drift.txt", &scene.text(steps(2)).await);
    assert_eq!(
        stands(&scene).await,
        "0101 0201 0301 0302 | by_hand teams teams.motto teams_name teams_pkey"
    );
    let accepted = steps(2).accept_drift();
    golden("rollback_drift_accepted.txt", &scene.text(accepted).await);
    assert_eq!(
        stands(&scene).await,
        "0101 0201 | by_hand teams teams.motto teams_pkey"
    );
    // What goes with its table is no longer in the way.
    let rest = to("0").accept_drift().accept_data_loss();
    assert!(scene.run(rest).await.result.is_ok());
    assert_eq!(stands(&scene).await, "∅ | ∅");
}

/// The rollback is what it was when it was proven; the database is not.
#[tokio::test]
async fn a_step_that_leads_elsewhere_is_rolled_back() {
    let cascade = "-- A view.\n\
        CREATE OR REPLACE VIEW mottos AS SELECT motto FROM teams;\n\n\
        -- Rollback:\n--   DROP VIEW mottos CASCADE;\n";
    let library = with("2025_01_04_1_view.sql", cascade).await;
    let scene = Scene::of(library).await;
    // A trigger of the database's own brings a table with each view that is dropped.
    scene
        .session
        .batch(
            "CREATE SCHEMA elsewhere; \
             CREATE FUNCTION elsewhere.leaves() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN CREATE TABLE public.left_over (id int); END'; \
             CREATE EVENT TRIGGER leaves ON sql_drop WHEN TAG IN (''DROP VIEW'') EXECUTE FUNCTION elsewhere.leaves()"
                .replace("''DROP VIEW''", "'DROP VIEW'")
                .as_str(),
        )
        .await;
    let accepted = to("2025_01_01_1").accept_drift().accept_data_loss();
    golden("rollback_leads_elsewhere.txt", &scene.text(accepted).await);
    golden("rollback_leads_elsewhere.json", &scene.json(accepted).await);
    assert_eq!(
        stands(&scene).await,
        "0101 0201 0301 0401 | teams teams.motto teams_name teams_pkey"
    );
    scene.session.batch("DROP EVENT TRIGGER leaves").await;
    let back = to("2025_01_01_1").accept_data_loss();
    let ended = scene.run(back).await;
    assert!(ended.result.is_ok(), "{}", ended.text());
}

/// Shown in the block, where it stands in the file.
#[tokio::test]
async fn a_failing_statement_is_shown_in_its_block() {
    let cases = [
        (
            "position",
            "DROP INDEX teams_name_lower;\n--   SELECT 'Zoë' FROM teams WHERE colour IS NULL;",
        ),
        (
            "body",
            "DROP INDEX teams_name_lower;\n--   DO $$\n--   BEGIN\n--       RAISE EXCEPTION 'teams are left' USING HINT = 'drop them';\n--   END\n--   $$;",
        ),
        (
            "query_in_a_body",
            "DROP INDEX teams_name_lower;\n--   DO $$\n--   BEGIN\n--       UPDATE teams\n--       SET nope = 2;\n--   END\n--   $$;",
        ),
    ];
    for (case, block) in cases {
        let text = format!(
            "-- Found by name.\n-- allow: create-index: nobody writes to it.\nCREATE INDEX IF NOT EXISTS teams_name_lower ON teams (lower(name));\n\n-- Rollback:\n--   {block}\n"
        );
        let library = with("2025_01_04_1_lower.sql", &text).await;
        let scene = Scene::of(library).await;
        golden(
            &format!("rollback_failure_{case}.txt"),
            &scene.text(steps(1)).await,
        );
        assert_eq!(
            stands(&scene).await,
            "0101 0201 0301 0401 | teams teams.motto teams_name teams_name_lower teams_pkey"
        );
    }
    // A step before it stays.
    let scene = Scene::of(four().await).await;
    scene
        .session
        .batch("CREATE VIEW mottos AS SELECT motto FROM teams")
        .await;
    let back = to("0").accept_data_loss().accept_drift();
    golden("rollback_failure_dependent.txt", &scene.text(back).await);
    assert_eq!(
        stands(&scene).await,
        "0101 0201 | teams teams.motto teams_pkey"
    );
}

#[tokio::test]
async fn a_dry_run_prints_what_would_run_and_changes_nothing() {
    let scene = Scene::of(four().await).await;
    let all = to("0").dry_run();
    golden(
        "rollback_dry_run.txt",
        &scene.text(all.accept_data_loss()).await,
    );
    golden("rollback_dry_run_refused.txt", &scene.text(all).await);
    golden(
        "rollback_dry_run.json",
        &scene.json(steps(3).dry_run()).await,
    );
    golden(
        "rollback_dry_run_nothing.txt",
        &scene.text(to("2025_01_03_2").dry_run()).await,
    );
    assert_eq!(stands(&scene).await, ALL);
    // What it prints is what a DBA may run.
    let printed = scene.run(all.accept_data_loss()).await.stdout;
    scene.session.batch(&printed).await;
    assert_eq!(stands(&scene).await, "∅ | ∅");
}

/// It needs no more than to read, and no lock.
#[tokio::test]
async fn a_dry_run_waits_for_nobody() {
    let scene = Scene::of(four().await).await;
    let holder = support::runners::hold_lock(&scene.database).await;
    let ended = scene.run(steps(1).dry_run()).await;
    assert!(ended.result.is_ok(), "{}", ended.text());
    holder.close().await;
}

/// A lost COMMIT is settled by the history: the row is gone, or it is still there.
#[tokio::test]
async fn a_lost_commit_is_settled_by_the_history() {
    let library = four().await;
    for fault in [Fault::LoseRequest, Fault::LoseAnswer] {
        for nth in [1, 4] {
            let scene = Scene::of(library).await;
            let proxy = Proxy::start(scene.database.server().port());
            proxy.on_commit(fault, nth);
            let url = scene.database.url_through(proxy.port());
            let back = to("0").accept_data_loss().command();
            let ended = library.run(&url, back).await;
            assert!(proxy.fired(), "{fault:?} {nth}");
            let text = scene
                .masked(&ended)
                .replace(&proxy.port().to_string(), "<port>");
            golden("rollback_lost_commit.txt", &text);
            assert_eq!(stands(&scene).await, "∅ | ∅");
        }
    }
}

/// Two runners of which each believes that it alone holds the lock: the history row decides.
#[tokio::test]
async fn without_the_lock_a_step_is_still_taken_once() {
    let scene = Scene::of(four().await).await;
    // The other runner is in the middle of it, and holds no lock that we respect.
    let other = scene.database.session().await;
    other
        .batch("BEGIN; DELETE FROM refinery_schema_history WHERE version = 2025010302")
        .await;
    let ours = tokio::spawn({
        let (library, url) = (scene.library, scene.database.url());
        async move { library.run(&url, steps(2).command()).await }
    });
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'transactionid'";
    scene.session.until(waits, "1").await;
    other.batch("COMMIT").await;
    let ended = ours.await.expect("the runner ends");
    golden("rollback_overtaken.txt", &scene.masked(&ended));
    assert_eq!(
        stands(&scene).await,
        "0101 0201 | teams teams.motto teams_pkey"
    );
    other.close().await;
}

/// `--steps` counts once, however many runners are asked for them at the same time.
#[tokio::test]
async fn runners_at_once_take_each_step_once() {
    let scene = Scene::of(four().await).await;
    let holder = support::runners::hold_lock(&scene.database).await;
    let runs: Vec<_> = (0..4)
        .map(|_| {
            let (library, url) = (scene.library, scene.database.url());
            tokio::spawn(async move { library.run(&url, steps(2).command()).await })
        })
        .collect();
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'dsentr-migrate'";
    scene.session.until(waiting, "4").await;
    support::runners::release_lock(&holder).await;
    let mut lines = Vec::new();
    for run in runs {
        let ended = run.await.expect("the runner ends");
        let text = scene.masked(&ended);
        lines.extend(text.lines().map(str::to_owned));
    }
    lines.sort();
    golden("rollback_runners.txt", &(lines.join("\n") + "\n"));
    assert_eq!(
        stands(&scene).await,
        "0101 0201 | teams teams.motto teams_pkey"
    );
    holder.close().await;
}

/// A table that somebody holds: tried again, then given up.
#[tokio::test]
async fn a_blocked_table_is_tried_again_to_the_budget() {
    let scene = Scene::of(four().await).await;
    let holder = scene.database.session().await;
    holder.batch("BEGIN; SELECT FROM teams").await;
    let url = scene.database.url();
    let variables = [
        ("DATABASE_URL", url.as_str()),
        ("DSENTR_MIGRATE_TABLE_LOCK_TIMEOUT", "100ms"),
        ("DSENTR_MIGRATE_TABLE_LOCK_BUDGET", "600ms"),
    ];
    let run = || {
        let library = scene.library;
        library.run_with(&variables, steps(2).command(), Format::Text)
    };
    let ended = run().await;
    golden(
        "rollback_table_lock.txt",
        &mask_counts(&scene.masked(&ended)),
    );
    assert_eq!(
        stands(&scene).await,
        "0101 0201 0301 | teams teams.motto teams_name teams_pkey"
    );
    holder.close().await;
}

/// Behind a pooler in transaction mode, with two connections and with one: the lock is held otherwise, or not at all.
#[tokio::test]
async fn a_pooler_is_no_obstacle() {
    for size in [2, 1] {
        let scene = Scene::of(four().await).await;
        let pooler = Pooler::start(scene.database.server(), PoolMode::Transaction, size);
        let url = pooler.url(&scene.database);
        let variables = [
            ("DATABASE_URL", url.as_str()),
            ("DSENTR_MIGRATE_DATABASE_CONNECT_TIMEOUT", "1s"),
        ];
        let command = to("0").accept_data_loss().command();
        let run = scene
            .library
            .run_with(&variables, command, Format::Text)
            .await;
        let text = scene
            .masked(&run)
            .replace(&format!(":{}", pooler.port()), ":<port>");
        golden("rollback_pooler.txt", &text);
        assert_eq!(stands(&scene).await, "∅ | ∅");
        assert_eq!(scene.session.value(support::runners::LOCKS).await, "0");
    }
}

/// What the settings ignore is no drift, before and after.
#[tokio::test]
async fn what_is_meant_to_differ_is_in_nobodys_way() {
    let scene = Scene::of(four().await).await;
    scene
        .session
        .batch("CREATE INDEX by_hand ON teams (name)")
        .await;
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    let settings =
        "[[verify.ignore]]\nobject = \"index teams.by_hand\"\nreason = \"the night report\"\n";
    std::fs::write(file.path(), settings).expect("it takes a text");
    let url = scene.database.url();
    let path = file.path().to_str().expect("a plain path");
    let variables = [
        ("DATABASE_URL", url.as_str()),
        ("DSENTR_MIGRATE_CONFIG", path),
    ];
    let run = scene
        .library
        .run_with(&variables, steps(2).command(), Format::Text)
        .await;
    golden("rollback_ignored.txt", &scene.masked(&run));
    assert_eq!(
        stands(&scene).await,
        "0101 0201 | by_hand teams teams.motto teams_pkey"
    );
}

/// Who blocks it is told while it waits, and a limit for a statement ends it.
#[tokio::test]
async fn what_takes_long_is_told_and_can_be_limited() {
    let slow = "-- Slow to take back.\n-- allow: create-index: nobody writes to it.\n\
        CREATE INDEX IF NOT EXISTS teams_name_lower ON teams (lower(name));\n\n\
        -- Rollback:\n--   DROP INDEX teams_name_lower;\n--   SELECT pg_sleep(3600);\n";
    let library = with("2025_01_04_1_slow.sql", slow).await;
    let scene = Scene::of(library).await;
    let url = scene.database.url();
    let variables = [
        ("DATABASE_URL", url.as_str()),
        ("DSENTR_MIGRATE_STATEMENT_TIMEOUT", "2500ms"),
    ];
    let (ended, log) = library.run_logged(&variables, steps(1).command()).await;
    let told: Vec<&str> = log
        .lines()
        .filter(|line| line.contains("running"))
        .collect();
    assert!(
        told.iter()
            .any(|line| line
                .contains("running rollback of 2025_01_04_1_slow, statement 2 of 2, for")),
        "{log}"
    );
    let error = ended.result.expect_err("it is limited");
    assert_eq!(error.exit_code(), 1);
    assert_eq!(
        stands(&scene).await,
        "0101 0201 0301 0401 | teams teams.motto teams_name teams_name_lower teams_pkey"
    );
}

/// The connection is cut in the middle of a step, which is taken again.
#[tokio::test]
async fn a_connection_that_is_cut_is_opened_again() {
    let scene = Scene::of(four().await).await;
    let holder = scene.database.session().await;
    holder.batch("BEGIN; LOCK TABLE teams").await;
    let proxy = Proxy::start(scene.database.server().port());
    let url = scene.database.url_through(proxy.port());
    let library = scene.library;
    let run = tokio::spawn(async move { library.run(&url, steps(2).command()).await });
    let blocked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'dsentr-migrate' AND wait_event_type = 'Lock'";
    scene.session.until(blocked, "1").await;
    proxy.cut();
    holder.close().await;
    let ended = run.await.expect("the run ends");
    let text = scene
        .masked(&ended)
        .replace(&format!(":{}", proxy.port()), ":<port>");
    golden("rollback_cut.txt", &text);
    assert_eq!(
        stands(&scene).await,
        "0101 0201 | teams teams.motto teams_pkey"
    );
}

/// The schema cannot be read while somebody holds a table for himself alone: tried for as a table lock is.
#[tokio::test]
async fn a_table_that_nobody_may_see_is_waited_for() {
    let scene = Scene::of(four().await).await;
    let holder = scene.database.session().await;
    holder
        .batch("BEGIN; LOCK TABLE teams IN ACCESS EXCLUSIVE MODE")
        .await;
    let url = scene.database.url();
    let variables = [
        ("DATABASE_URL", url.as_str()),
        ("DSENTR_MIGRATE_TABLE_LOCK_TIMEOUT", "100ms"),
        ("DSENTR_MIGRATE_TABLE_LOCK_BUDGET", "600ms"),
    ];
    let mut text = String::new();
    for flags in [steps(1), steps(1).dry_run()] {
        let command = flags.command();
        let run = scene.library.run_with(&variables, command, Format::Text);
        text.push_str(&mask_counts(&scene.masked(&run.await)));
    }
    golden("rollback_schema_locked.txt", &text);
    holder.batch("COMMIT").await;
    assert!(scene.run(steps(1)).await.result.is_ok());
    holder.close().await;
}
