//! Migrations whose statements refuse a transaction: cut off at known moments, and what the next run makes of it.

mod support;

use dsentr_migrate::config::Format;
use support::golden::golden;
use support::library::up;
use support::mask::mask;
use support::one_by_one::{INDEX, Scene, around, library};
use support::pooler::{PoolMode, Pooler};
use support::proxy::{Fault, Proxy};
use support::server::Server;

#[tokio::test]
async fn a_failure_is_gone_on_from_its_statement() {
    let scene = Scene::of(&around(INDEX)).await;
    scene
        .session
        .batch("INSERT INTO first VALUES (1, 'twice')")
        .await;
    golden(
        "no_transaction_failed.txt",
        &scene.masked(&scene.up().await),
    );
    assert_eq!(scene.index("first_id").await, "false");
    assert_eq!(scene.ledger().await, "2025010102|0|t 2025010102|1|f");
    scene
        .session
        .batch("DELETE FROM first WHERE label = 'twice'")
        .await;
    golden(
        "no_transaction_resumed.txt",
        &scene.masked(&scene.up().await),
    );
    assert_eq!(scene.index("first_id").await, "true");
    scene.assert_done().await;
}

#[tokio::test]
async fn an_index_that_was_cut_off_is_made_anew() {
    let scene = Scene::of(&around(INDEX)).await;
    let writer = scene.writer().await;
    let cut = scene.up_terminated_at("CREATE UNIQUE INDEX").await;
    golden("no_transaction_terminated.txt", &scene.masked(&cut));
    writer.batch("ROLLBACK").await;
    assert_eq!(scene.invalid().await, ["first_id"]);
    let ended = scene.up().await;
    assert!(ended.result.is_ok(), "{}", ended.text());
    assert_eq!(scene.index("first_id").await, "true");
    scene.assert_done().await;
    writer.close().await;
}

/// The kill came after the work and before the ledger knew of it.
#[tokio::test]
async fn an_index_that_was_done_is_not_made_again() {
    let scene = Scene::of(&around(INDEX)).await;
    let writer = scene.writer().await;
    scene.up_terminated_at("CREATE UNIQUE INDEX").await;
    writer.batch("ROLLBACK").await;
    scene
        .session
        .batch("DROP INDEX first_id; CREATE UNIQUE INDEX first_id ON first (id)")
        .await;
    let oid = "SELECT 'first_id'::regclass::oid";
    let before = scene.session.value(oid).await;
    let ended = scene.up().await;
    assert!(ended.result.is_ok(), "{}", ended.text());
    assert_eq!(scene.session.value(oid).await, before);
    scene.assert_done().await;
    writer.close().await;
}

/// A runner that has lost the migration lock behind a pooler, and does not know it yet, makes the ledger at this moment, too.
#[tokio::test]
async fn a_ledger_that_another_makes_at_the_same_time_is_used() {
    let scene = Scene::of(&around(INDEX)).await;
    let other = scene.database.session().await;
    other
        .batch("BEGIN; CREATE TABLE refinery_schema_history_ledger (version bigint, statement integer, sql text NOT NULL, begun timestamptz NOT NULL DEFAULT now(), done timestamptz, PRIMARY KEY (version, statement))")
        .await;
    let commit = async {
        let waits = "SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'CREATE TABLE IF NOT EXISTS%' AND wait_event_type = 'Lock'";
        scene.session.until(waits, "t").await;
        other.batch("COMMIT").await;
    };
    let (ended, ()) = tokio::join!(scene.up(), commit);
    assert!(ended.result.is_ok(), "{}", ended.text());
    scene.assert_done().await;
    other.close().await;
}

/// Where nothing was begun by a run of ours: IF NOT EXISTS would take the INVALID index for the wanted one.
#[tokio::test]
async fn an_invalid_index_made_by_hand_is_replaced() {
    let scene = Scene::of(&around(INDEX)).await;
    scene
        .session
        .batch("INSERT INTO first VALUES (1, 'twice')")
        .await;
    let by_hand = scene
        .session
        .try_batch("CREATE UNIQUE INDEX CONCURRENTLY first_id ON first (id)")
        .await;
    assert!(by_hand.is_err());
    assert_eq!(scene.index("first_id").await, "false");
    scene
        .session
        .batch("DELETE FROM first WHERE label = 'twice'")
        .await;
    let ended = scene.up().await;
    assert!(ended.result.is_ok(), "{}", ended.text());
    assert_eq!(scene.index("first_id").await, "true");
    scene.assert_done().await;
}

/// The server works on for a run that is gone. Its index is INVALID, and must be left alone until it is done.
#[tokio::test]
async fn a_statement_that_still_runs_is_waited_for() {
    let scene = Scene::of(&around(INDEX)).await;
    let writer = scene.writer().await;
    scene.up_terminated_at("CREATE UNIQUE INDEX").await;
    writer.batch("ROLLBACK").await;
    scene.session.batch("DROP INDEX first_id").await;
    let writer = scene.writer().await;
    let orphan = scene.database.session().await;
    let statement = INDEX.trim_end_matches(';');
    let orphaned = tokio::spawn(async move {
        orphan.batch(statement).await;
        orphan.close().await;
    });
    let seen = |what: &'static str| {
        format!(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND {what}"
        )
    };
    let blocked = seen("wait_event_type = 'Lock' AND query LIKE 'CREATE UNIQUE INDEX%'");
    while scene.session.value(&blocked).await == "0" {
        tokio::task::yield_now().await;
    }
    let (library, url) = (scene.library, scene.database.url());
    let run = tokio::spawn(async move { library.run(&url, up()).await });
    let looking =
        seen("application_name = 'dsentr-migrate' AND query LIKE '%starts_with($1, query)%'");
    while scene.session.value(&looking).await == "0" {
        assert!(!run.is_finished());
        tokio::task::yield_now().await;
    }
    writer.batch("ROLLBACK").await;
    orphaned.await.expect("the orphan ends well");
    let ended = run.await.expect("the run ends");
    assert!(ended.result.is_ok(), "{}", ended.text());
    scene.assert_done().await;
    writer.close().await;
}

/// A file that was never applied may be changed: what is remembered of another text does not count.
#[tokio::test]
async fn a_statement_that_was_changed_runs_again() {
    let scene = Scene::of(&around(INDEX)).await;
    scene
        .session
        .batch("INSERT INTO first VALUES (1, 'twice')")
        .await;
    assert!(scene.up().await.result.is_err());
    scene
        .session
        .batch("DELETE FROM first WHERE label = 'twice'; TRUNCATE counted")
        .await;
    let changed = around(INDEX).replace("'before'", "E'before'");
    let ended = library(&changed).run(&scene.database.url(), up()).await;
    assert!(ended.result.is_ok(), "{}", ended.text());
    scene.assert_done().await;
}

#[tokio::test]
async fn what_reindex_left_is_dropped() {
    let scene = Scene::of(&around("REINDEX INDEX CONCURRENTLY public.first_label;")).await;
    let writer = scene.writer().await;
    scene.up_terminated_at("REINDEX").await;
    writer.batch("ROLLBACK").await;
    assert_eq!(scene.invalid().await, ["first_label_ccnew"]);
    let ended = scene.up().await;
    assert!(ended.result.is_ok(), "{}", ended.text());
    scene.assert_done().await;
    writer.close().await;
}

/// A partition whose detaching was cut off stays pending, and one whose detaching was done is no partition any more.
#[tokio::test]
async fn a_partition_is_detached_to_its_end() {
    let major = Server::shared()
        .database()
        .session()
        .await
        .value("SHOW server_version_num")
        .await;
    if major.starts_with("13") {
        return; // it came with 14
    }
    let detach = "ALTER TABLE public.parted DETACH PARTITION public.parted_1 CONCURRENTLY;";
    for is_done in [false, true] {
        let scene = Scene::of(&around(detach)).await;
        let writer = scene.writer().await;
        scene.up_terminated_at("ALTER TABLE").await;
        writer.batch("ROLLBACK").await;
        let pending = "SELECT inhdetachpending FROM pg_inherits";
        assert_eq!(scene.session.rows(pending).await, ["t"]);
        if is_done {
            let finalize = "ALTER TABLE parted DETACH PARTITION parted_1 FINALIZE";
            scene.session.batch(finalize).await;
        }
        let ended = scene.up().await;
        assert!(ended.result.is_ok(), "{}", ended.text());
        assert_eq!(scene.session.rows(pending).await, [""; 0]);
        scene.assert_done().await;
        writer.close().await;
    }
}

/// The transaction that ends such a migration is asked after like any other.
#[tokio::test]
async fn the_last_commit_may_be_lost() {
    for fault in [Fault::LoseRequest, Fault::LoseAnswer] {
        let scene = Scene::of(&around(INDEX)).await;
        let proxy = Proxy::start(scene.database.server().port());
        proxy.on_commit(fault, 1);
        let url = scene.database.url_through(proxy.port());
        let ended = scene.library.run(&url, up()).await;
        assert!(proxy.fired());
        golden(
            "no_transaction_resumed.txt",
            &mask(
                &ended
                    .text()
                    .replace(&format!(":{}", proxy.port()), ":<port>"),
                &scene.database,
            ),
        );
        scene.assert_done().await;
    }
}

/// What was done by an earlier try is no progress of this one.
#[tokio::test]
async fn a_statement_that_breaks_every_connection_is_given_up() {
    let scene = Scene::of(&around("CALL public.sleep();")).await;
    let proxy = Proxy::start(scene.database.server().port());
    let (library, url) = (scene.library, scene.database.url_through(proxy.port()));
    let run = tokio::spawn(async move { library.run(&url, up()).await });
    let asleep = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'";
    let mut last = String::new();
    while !run.is_finished() {
        let pid = scene.session.rows(asleep).await.first().cloned();
        if let Some(pid) = pid.filter(|pid| *pid != last) {
            proxy.cut();
            last = pid;
        }
        tokio::task::yield_now().await;
    }
    let text = run.await.expect("the run ends").text();
    let text = text.replace(&format!(":{}", proxy.port()), ":<port>");
    golden("no_transaction_given_up.txt", &mask(&text, &scene.database));
    assert_eq!(scene.ledger().await, "2025010102|0|t 2025010102|1|f");
}

/// Limits of role and database are for the application. The header's is for one try, and there is another.
#[tokio::test]
async fn limits_are_those_of_the_file() {
    let second = around(INDEX).replace(
        "no-transaction\n",
        "no-transaction\n-- migrate: lock-timeout=100ms\n",
    );
    let scene = Scene::of(&second).await;
    let name = scene.database.name();
    scene
        .session
        .batch(&format!(
            "ALTER DATABASE {name} SET statement_timeout TO '50ms'; ALTER DATABASE {name} SET lock_timeout TO '1ms'"
        ))
        .await;
    let other = scene.database.session().await;
    other
        .batch("SET statement_timeout TO 0; BEGIN; LOCK TABLE first IN SHARE UPDATE EXCLUSIVE MODE")
        .await;
    let (library, url) = (scene.library, scene.database.url());
    let run = tokio::spawn(async move { library.run(&url, up()).await });
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    // It gives up once, and comes back.
    for wanted in ["1", "0", "1"] {
        while scene.session.value(waiting).await != wanted {
            assert!(!run.is_finished());
            tokio::task::yield_now().await;
        }
    }
    other.batch("COMMIT").await;
    let ended = run.await.expect("the run ends");
    assert!(ended.result.is_ok(), "{}", ended.text());
    scene.assert_done().await;
    other.close().await;
}

#[tokio::test]
async fn through_a_pooler_in_transaction_mode() {
    let scene = Scene::of(&around(INDEX)).await;
    let pooler = Pooler::start(scene.database.server(), PoolMode::Transaction, 5);
    let url = pooler.url(&scene.database);
    let ended = scene.library.run(&url, up()).await;
    assert!(ended.result.is_ok(), "{}", ended.text());
    scene.assert_done().await;
}

/// Nobody could hold the lock, and a second runner would do the same at the same time.
#[tokio::test]
async fn through_a_pooler_without_a_second_connection() {
    let scene = Scene::of(&around(INDEX)).await;
    let pooler = Pooler::start(scene.database.server(), PoolMode::Transaction, 1);
    let variables = [
        ("DATABASE_URL", pooler.url(&scene.database)),
        (
            "DSENTR_MIGRATE_DATABASE_CONNECT_TIMEOUT",
            "300ms".to_owned(),
        ),
    ];
    let variables = variables
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    let ended = scene.library.run_with(&variables, up(), Format::Text).await;
    let text = ended
        .text()
        .replace(&format!(":{}", pooler.port()), ":<port>");
    golden(
        "no_transaction_without_lock.txt",
        &mask(&text, &scene.database),
    );
    assert_eq!(scene.ledger().await, "gone");
}
