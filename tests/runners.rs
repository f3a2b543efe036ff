//! Many runners at once, and the migration lock: real processes on one real database.

mod support;

use std::collections::BTreeSet;

use dsentr_migrate::embedded::MIGRATIONS;
use dsentr_migrate::source::Version;
use support::executable::{Dsentr, dsentr};
use support::golden::golden;
use support::library::{Library, up};
use support::mask::mask;
use support::runners::{
    A_LONG_TIME, Crowd, Ended, INDEX, INDEX_WAITS, TABLE, assert_at_target, hold_lock,
    release_lock, to,
};
use support::server::{Database, Server, Session};

/// As many as a deployment that starts all of its replicas at once.
const MANY: usize = 32;

/// How many sessions of a database wait for the migration lock: between two tries they do nothing.
const WAITING: &str = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
     AND application_name = 'dsentr-migrate' AND query LIKE '%pg_try_advisory_lock%' \
     AND state = 'idle' AND backend_xmin IS NULL AND xact_start IS NULL";

/// Not asserted: from the end of the runner that did it to the end of the last of the others.
fn print_wait(occasion: &str, ended: &[Ended]) {
    let winners = ended.iter().filter(|one| !one.applied().is_empty());
    let winner = winners.map(|one| one.at).max();
    let last = ended.iter().map(|one| one.at).max();
    if let (Some(winner), Some(last)) = (winner, last) {
        let wait = last.duration_since(winner);
        println!("{occasion}: the last of {MANY} ended {wait:?} after the winner");
    }
}

#[tokio::test]
async fn many_runners_on_an_empty_database() {
    let database = Server::shared().database();
    let ended = Crowd::at(MANY, &database.url()).join_having_applied(MIGRATIONS);
    print_wait("empty", &ended);
    assert_at_target(&database).await;
}

#[tokio::test]
async fn many_runners_on_a_half_migrated_database() {
    let database = Server::shared().database();
    let (done, pending) = MIGRATIONS.split_at(MIGRATIONS.len() / 2);
    migrate_to(&database, done.last().expect("half of them").version);
    let ended = Crowd::at(MANY, &database.url()).join_having_applied(pending);
    print_wait("half-migrated", &ended);
    assert_at_target(&database).await;
}

fn migrate_to(database: &Database<'_>, version: Version) {
    let run = dsentr(&["up", "--to", &version.to_string()])
        .env("DATABASE_URL", &database.url())
        .run();
    assert_eq!(run.code, Some(0), "{}", run.stderr);
}

/// With nothing pending nobody asks for the lock: it does not matter who holds it.
#[tokio::test]
async fn runners_with_nothing_to_do_take_no_lock() {
    let database = Server::shared().database();
    Crowd::at(1, &database.url()).join_having_applied(MIGRATIONS);
    let holder = hold_lock(&database).await;
    let impatient = |runner: Dsentr| {
        let runner = runner.env("DATABASE_URL", &database.url());
        runner.env("DSENTR_MIGRATE_LOCK_TIMEOUT", "0")
    };
    for Ended { run, .. } in Crowd::of(MANY, impatient).join_having_applied(&[]) {
        assert_eq!(run.stderr, "");
    }
    holder.close().await;
    assert_at_target(&database).await;
}

/// The one at its deadline says who holds the lock, at the start of its wait and at the end.
#[tokio::test]
async fn a_runner_at_its_deadline_gives_up_and_the_others_go_on() {
    let database = Server::shared().database();
    let holder = hold_lock(&database).await;
    holder.batch("SET application_name TO 'a deployment'").await;
    let pid = holder.value("SELECT pg_backend_pid()").await;
    let patient = Crowd::at(4, &database.url());
    let run = dsentr(&["up", "--lock-timeout", "300ms"])
        .env("DATABASE_URL", &database.url())
        .run();
    let text = mask(&run.text(), &database).replace(&pid, "<pid>");
    golden("runners_deadline.txt", &text);
    holder.until(WAITING, "4").await;
    assert!(!patient.has_ended(), "they wait for a minute");
    release_lock(&holder).await;
    for one in patient.join_having_applied(MIGRATIONS) {
        // At the start; the next word would come after five seconds.
        assert!(one.told("waiting for the migration lock") >= 1);
        assert!(
            one.told(&format!(
                "a deployment as postgres (pid {pid}, from 127.0.0.1"
            )) >= 1
        );
    }
    holder.close().await;
    assert_at_target(&database).await;
}

/// What the holder is doing is told while it does it.
#[tokio::test]
async fn who_waits_says_what_the_holder_runs() {
    let database = Server::shared().database();
    let looker = database.session().await;
    let library = Library::of(&[(
        "2025_01_01_1_sleeps.sql",
        "-- Sleeps.\nSELECT\n    pg_sleep(3600);\n\n-- Nothing to undo: it sleeps.\n",
    )]);
    let url = database.url();
    let first = tokio::spawn(async move { library.run(&url, up()).await.text() });
    let sleeping = "pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'";
    looker
        .until(&format!("SELECT count(*) FROM {sleeping}"), "1")
        .await;
    let pid = looker.value(&format!("SELECT pid FROM {sleeping}")).await;
    let second = dsentr(&["up", "--lock-timeout", "50ms"])
        .env("DATABASE_URL", &database.url())
        .run();
    let text = mask(&second.text(), &database).replace(&pid, "<pid>");
    golden("runners_wait.txt", &text);
    looker
        .batch(&format!("SELECT pg_terminate_backend({pid})"))
        .await;
    first.await.expect("the runner ends");
    looker.close().await;
}

/// Whoever waits *inside* a statement holds a snapshot, and CREATE INDEX CONCURRENTLY waits for that.
#[tokio::test]
async fn whoever_waits_for_the_lock_holds_no_snapshot() {
    let database = Server::shared().database();
    let looker = database.session().await;
    looker
        .batch("CREATE SCHEMA busy; CREATE TABLE busy.t AS SELECT generate_series(1, 100) AS id")
        .await;
    let holder = hold_lock(&database).await;
    let runners = Crowd::at(4, &database.url());
    looker.until(WAITING, "4").await;
    assert_no_lasting_transaction(&looker).await;
    let index = holder.batch("CREATE INDEX CONCURRENTLY ON busy.t (id)");
    let in_time = tokio::time::timeout(A_LONG_TIME, index).await;
    in_time.expect("the index does not wait for those who wait for the lock");
    assert!(!runners.has_ended(), "they wait for a minute");
    release_lock(&holder).await;
    runners.join_having_applied(MIGRATIONS);
    holder.close().await;
    looker.close().await;
    assert_at_target(&database).await;
}

/// Each try is a transaction of its own: one that was seen once is over soon, though the lock stays where it is.
async fn assert_no_lasting_transaction(looker: &Session) {
    let mut seen = BTreeSet::new();
    for _ in 0..500 {
        let transactions = looker
            .rows(
                "SELECT pid, xact_start FROM pg_stat_activity WHERE datname = current_database() \
                 AND application_name = 'dsentr-migrate' \
                 AND (backend_xmin IS NOT NULL OR xact_start IS NOT NULL)",
            )
            .await;
        seen.extend(transactions);
    }
    for transaction in seen {
        let (pid, start) = transaction.split_once('|').expect("two columns");
        let lasts = format!(
            "SELECT count(*) FROM pg_stat_activity WHERE pid = {pid} AND xact_start::text = '{start}'"
        );
        looker.until(&lasts, "0").await;
    }
}

/// The same with the index in a migration, where the holder is a runner too.
#[tokio::test]
async fn an_index_is_built_while_runners_wait() {
    let database = Server::shared().database();
    let library = Library::of(&[TABLE, INDEX]);
    assert!(
        library
            .run(&database.url(), to(TABLE.0))
            .await
            .result
            .is_ok()
    );
    // Somebody who writes holds the index up until all others wait for the lock.
    let (writer, looker) = (database.session().await, database.session().await);
    writer.batch("BEGIN; INSERT INTO first VALUES (1)").await;
    let start = || {
        let url = database.url();
        tokio::spawn(async move { library.run(&url, up()).await.text() })
    };
    let mut runners = vec![start()];
    looker.until(INDEX_WAITS, "1").await;
    runners.extend((0..4).map(|_| start()));
    looker.until(WAITING, "4").await;
    writer.batch("COMMIT").await;
    let mut applied = 0;
    for runner in runners {
        let ended = tokio::time::timeout(A_LONG_TIME, runner).await;
        let text = ended
            .expect("nobody waits for another")
            .expect("it runs through");
        assert!(text.ends_with("[exit 0]\n"), "{text}");
        applied += text.matches("applied  ").count();
    }
    assert_eq!(applied, 1);
    let valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'public.first_id'::regclass";
    assert_eq!(looker.value(valid).await, "t");
    writer.close().await;
    looker.close().await;
}

/// Two products in one database, and one product in two databases of a cluster.
#[tokio::test]
async fn locks_of_two_histories_do_not_meet() {
    let (here, there) = (Server::shared().database(), Server::shared().database());
    let first = MIGRATIONS[0].version.to_string();
    let holder = hold_lock(&here).await;
    holder.batch("CREATE SCHEMA product").await;
    let run = |database: &Database<'_>, variables: &[(&str, &str)]| {
        let runner = dsentr(&["up", "--to", &first, "--lock-timeout", "0"]);
        let runner = runner.env("DATABASE_URL", &database.url());
        let set = |runner: Dsentr, &(name, value): &(&str, &str)| runner.env(name, value);
        variables.iter().fold(runner, set).run()
    };
    let table = ("DSENTR_MIGRATE_HISTORY_TABLE", "other_history");
    let schema = ("DSENTR_MIGRATE_HISTORY_SCHEMA", "product");
    assert_eq!(run(&here, &[]).code, Some(5), "the lock is held");
    assert_eq!(run(&there, &[]).code, Some(0), "another database");
    assert_eq!(run(&here, &[schema]).code, Some(0), "another schema");
    holder
        .batch("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        .await;
    assert_eq!(run(&here, &[table]).code, Some(0), "another table");
    assert_eq!(run(&here, &[]).code, Some(5), "the lock is still held");
    holder.close().await;
}

/// A standby is no place for work, but good enough to learn that there is none.
#[tokio::test]
async fn a_standby_is_refused_only_where_something_is_pending() {
    let primary = Server::of_its_own();
    let standby = primary.standby();
    let database = primary.database();
    standby.catch_up_with(&primary);
    let text = |arguments: &[&str], url: &str| {
        let run = dsentr(arguments).env("DATABASE_URL", url).run();
        mask(&run.text(), &database).replace(&format!(":{}", standby.port()), ":<standby>")
    };
    let at_standby = database.url_through(standby.port());
    golden("standby_pending.txt", &text(&["up"], &at_standby));
    let hosts = format!("127.0.0.1:{},127.0.0.1:{}", standby.port(), primary.port());
    let both = format!("postgres://postgres@{hosts}/{}", database.name());
    golden("standby_first.txt", &text(&["up"], &both));
    let writable = format!("{both}?target_session_attrs=read-write");
    let found = text(&["up"], &writable);
    assert!(
        found.starts_with("<database> at 127.0.0.1:<port> as postgres"),
        "{found}"
    );
    assert!(found.ends_with("[exit 0]\n"), "{found}");
    assert_at_target(&database).await;
    standby.catch_up_with(&primary);
    golden("standby_nothing.txt", &text(&["up"], &at_standby));
}

#[tokio::test]
async fn a_database_that_takes_no_writes_says_so() {
    let database = Server::shared().database();
    let session = database.session().await;
    let name = database.name();
    session
        .batch(&format!(
            "ALTER DATABASE {name} SET default_transaction_read_only TO on"
        ))
        .await;
    let up = || {
        let run = dsentr(&["up"]).env("DATABASE_URL", &database.url());
        mask(&run.run().text(), &database)
    };
    golden("read_only_pending.txt", &up());
    let objects = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace";
    assert_eq!(session.value(objects).await, "0");
    let reset = format!("ALTER DATABASE {name} RESET default_transaction_read_only");
    session.batch(&reset).await;
    Crowd::at(1, &database.url()).join_having_applied(MIGRATIONS);
    let again = format!("ALTER DATABASE {name} SET default_transaction_read_only TO on");
    session.batch(&again).await;
    golden("up_again.txt", &up());
    session.close().await;
}
