//! `script` and migrations whose statements refuse a transaction: cut off at known moments, and what psql and `up` make
//! of what the other has left.

mod support;

use dsentr_migrate::cli::{Command, Floor};
use dsentr_migrate::config::Format;
use support::executable::Run;
use support::golden::golden;
use support::mask::mask;
use support::one_by_one::{INDEX, Scene, around};
use support::psql::psql;
use support::server::Server;

const REINDEX: &str = "REINDEX INDEX CONCURRENTLY public.first_label;";
const DETACH: &str = "ALTER TABLE public.parted DETACH PARTITION public.parted_1 CONCURRENTLY;";

/// Who runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Psql,
    Up,
}

/// Who is cut off, and who goes on.
const PAIRS: [(By, By); 3] = [(By::Psql, By::Psql), (By::Psql, By::Up), (By::Up, By::Psql)];

async fn assert_goes_on(by: By, scene: &Scene) {
    match by {
        By::Psql => {
            let run = scene.psql().await;
            assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
        }
        By::Up => {
            let ended = scene.up().await;
            assert!(ended.result.is_ok(), "{}", ended.text());
        }
    }
    scene.assert_done().await;
}

/// Cuts a run off while its statement of interest waits for a transaction that is rolled back then.
async fn cut_off(by: By, scene: &Scene, words: &str) {
    let writer = scene.writer().await;
    match by {
        By::Psql => {
            let run = scene.psql_terminated_at(words).await;
            assert_eq!(run.code, Some(2), "{}", run.text());
        }
        By::Up => assert!(scene.up_terminated_at(words).await.result.is_err()),
    }
    writer.batch("ROLLBACK").await;
    writer.close().await;
}

fn masked(run: &Run, scene: &Scene) -> String {
    mask(&run.text(), &scene.database)
}

/// How the file reads.
#[tokio::test]
async fn the_file() {
    let commented = around(INDEX).replace(
        "VACUUM",
        "-- Between two statements: it's \\d and ; too.\n/* And /* nested */ : ; */\nVACUUM",
    );
    let scene = Scene::of(&commented).await;
    let version = format!("dsentr-migrate {}", env!("CARGO_PKG_VERSION"));
    let script = scene.script().await.replace(&version, "dsentr-migrate");
    golden("script_one_by_one.sql", &script);
    assert_goes_on(By::Psql, &scene).await;
    assert_eq!(
        scene.psql().await.text(),
        "nothing to do: the database is at 2025_01_01_2\n[exit 0]\n"
    );
}

#[tokio::test]
async fn a_failure_is_gone_on_from_its_statement() {
    for (first, then) in PAIRS {
        let scene = Scene::of(&around(INDEX)).await;
        let twice = "INSERT INTO first VALUES (1, 'twice')";
        scene.session.batch(twice).await;
        match first {
            By::Psql => {
                let failed = scene.psql().await;
                golden("script_one_by_one_failed.txt", &masked(&failed, &scene));
            }
            By::Up => assert!(scene.up().await.result.is_err()),
        }
        assert_eq!(scene.index("first_id").await, "false");
        assert_eq!(scene.ledger().await, "2025010102|0|t 2025010102|1|f");
        let delete = "DELETE FROM first WHERE label = 'twice'";
        scene.session.batch(delete).await;
        assert_goes_on(then, &scene).await;
        assert_eq!(scene.index("first_id").await, "true");
    }
}

#[tokio::test]
async fn an_index_that_was_cut_off_is_made_anew() {
    for (first, then) in PAIRS {
        let scene = Scene::of(&around(INDEX)).await;
        cut_off(first, &scene, "CREATE UNIQUE INDEX").await;
        assert_eq!(scene.invalid().await, ["first_id"]);
        assert_goes_on(then, &scene).await;
        assert_eq!(scene.index("first_id").await, "true");
    }
}

/// The cut came after the work and before the ledger knew of it.
#[tokio::test]
async fn an_index_that_was_done_is_not_made_again() {
    let scene = Scene::of(&around(INDEX)).await;
    cut_off(By::Psql, &scene, "CREATE UNIQUE INDEX").await;
    let made = "DROP INDEX first_id; CREATE UNIQUE INDEX first_id ON first (id)";
    scene.session.batch(made).await;
    let oid = "SELECT 'first_id'::regclass::oid";
    let before = scene.session.value(oid).await;
    assert_goes_on(By::Psql, &scene).await;
    assert_eq!(scene.session.value(oid).await, before);
}

/// IF NOT EXISTS would take the INVALID index for the wanted one.
#[tokio::test]
async fn an_invalid_index_made_by_hand_is_replaced() {
    let scene = Scene::of(&around(INDEX)).await;
    let twice = "INSERT INTO first VALUES (1, 'twice')";
    scene.session.batch(twice).await;
    let by_hand = "CREATE UNIQUE INDEX CONCURRENTLY first_id ON first (id)";
    assert!(scene.session.try_batch(by_hand).await.is_err());
    let delete = "DELETE FROM first WHERE label = 'twice'";
    scene.session.batch(delete).await;
    assert_goes_on(By::Psql, &scene).await;
    assert_eq!(scene.index("first_id").await, "true");
}

/// psql cannot wait: a snapshot of its own would hold up whom it waits for.
#[tokio::test]
async fn what_somebody_else_is_at_is_left_to_him() {
    let scene = Scene::of(&around(INDEX)).await;
    for occasion in ["begun", "not_begun"] {
        if occasion == "begun" {
            cut_off(By::Psql, &scene, "CREATE UNIQUE INDEX").await;
            scene.session.batch("DROP INDEX first_id").await;
        } else {
            let forget = "DELETE FROM refinery_schema_history_ledger WHERE statement = 1";
            scene.session.batch(forget).await;
        }
        let writer = scene.writer().await;
        let other = scene.database.session().await;
        let making = tokio::spawn(async move {
            other.batch(INDEX.trim_end_matches(';')).await;
            other.close().await;
        });
        let blocked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                       AND wait_event_type = 'Lock' AND query LIKE 'CREATE UNIQUE INDEX%'";
        scene.session.until(blocked, "1").await;
        let refused = masked(&scene.psql().await, &scene);
        golden(&format!("script_one_by_one_{occasion}.txt"), &refused);
        writer.batch("ROLLBACK").await;
        writer.close().await;
        making.await.expect("the index is made");
        if occasion == "begun" {
            scene.session.batch("DROP INDEX first_id").await;
        }
    }
    assert_goes_on(By::Psql, &scene).await;
}

/// A file that was never applied may be changed: what is remembered of another text does not count.
#[tokio::test]
async fn a_statement_that_was_changed_runs_again() {
    let mut scene = Scene::of(&around(INDEX)).await;
    let twice = "INSERT INTO first VALUES (1, 'twice')";
    scene.session.batch(twice).await;
    assert_eq!(scene.psql().await.code, Some(3));
    let changed = around(INDEX).replace("'before'", "E'before'");
    scene.library = support::one_by_one::library(&changed);
    let clean = "DELETE FROM first WHERE label = 'twice'; TRUNCATE counted";
    scene.session.batch(clean).await;
    assert_goes_on(By::Psql, &scene).await;
}

#[tokio::test]
async fn what_reindex_left_is_dropped() {
    for (first, then) in PAIRS {
        let scene = Scene::of(&around(REINDEX)).await;
        cut_off(first, &scene, "REINDEX").await;
        assert_eq!(scene.invalid().await, ["first_label_ccnew"]);
        assert_goes_on(then, &scene).await;
    }
}

/// A partition whose detaching was cut off stays pending, and one whose detaching was done is no partition any more.
#[tokio::test]
async fn a_partition_is_detached_to_its_end() {
    let database = Server::shared().database();
    let session = database.session().await;
    let major = session.value("SHOW server_version_num").await;
    if major.starts_with("13") {
        return; // it came with 14
    }
    for (first, then) in PAIRS {
        for is_done in [false, true] {
            let scene = Scene::of(&around(DETACH)).await;
            cut_off(first, &scene, "ALTER TABLE").await;
            let pending = "SELECT inhdetachpending FROM pg_inherits";
            assert_eq!(scene.session.rows(pending).await, ["t"]);
            if is_done {
                let finalize = "ALTER TABLE parted DETACH PARTITION parted_1 FINALIZE";
                scene.session.batch(finalize).await;
            }
            assert_goes_on(then, &scene).await;
            assert_eq!(scene.session.rows(pending).await, [""; 0]);
        }
    }
}

/// The way back of a file without a transaction is without one too.
#[tokio::test]
async fn the_way_back_is_gone_on_from_where_it_was_cut_off() {
    let file = "-- An index.\n-- migrate: no-transaction\n\
        CREATE INDEX CONCURRENTLY IF NOT EXISTS first_id ON public.first (id);\n\
        CREATE INDEX CONCURRENTLY IF NOT EXISTS first_both ON public.first (id, label);\n\n\
        -- Rollback:\n\
        --   DROP INDEX CONCURRENTLY IF EXISTS public.first_both;\n\
        --   DROP INDEX CONCURRENTLY IF EXISTS public.first_id;\n";
    let scene = Scene::of(file).await;
    assert_eq!(scene.psql().await.code, Some(0));
    let command = Command::Script {
        from: None,
        to: Some(Floor("2025_01_01_1".parse().ok())),
        rollback: true,
        accept_data_loss: false,
    };
    let script = scene.library.run_with(&[], command, Format::Text).await;
    let writer = scene.writer().await;
    let psql_back = || psql(&["-X"], &scene.database);
    let cut = psql_back();
    let text = script.stdout.clone();
    let run = tokio::task::spawn_blocking(move || cut.run(&text));
    let cut = scene
        .terminated_at("psql", "DROP INDEX CONCURRENTLY", run)
        .await;
    assert_eq!(cut.code, Some(2), "{}", cut.text());
    writer.batch("ROLLBACK").await;
    let history = "SELECT max(version) FROM refinery_schema_history";
    assert_eq!(scene.session.value(history).await, "2025010102");
    assert_eq!(scene.ledger().await, "2025010102|0|f");
    let again = psql_back().run(&script.stdout);
    assert_eq!((again.code, again.stderr.as_str()), (Some(0), ""));
    assert_eq!(scene.session.value(history).await, "2025010101");
    assert_eq!(scene.index("first_both").await, "none");
    assert_eq!(scene.index("first_id").await, "none");
    assert_eq!(scene.ledger().await, "gone");
    writer.close().await;
}
