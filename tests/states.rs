//! History and binary side by side: which states there are, what each is told as, and what is done about it.

mod support;

use std::num::NonZeroU32;

use dsentr_migrate::cli::Command;
use dsentr_migrate::embedded::Migration;
use dsentr_migrate::history::{History, Row};
use dsentr_migrate::plan::{Extent, Refusal, compare, plan, rollback_plan};
use dsentr_migrate::source::Version;
use support::golden::golden;
use support::library::{Library, stock, up};
use support::mask::mask;
use support::server::Server;

fn file(description: &str, comment: &str) -> String {
    format!(
        "-- {comment}.\nCREATE TABLE IF NOT EXISTS {description} (id int);\n\n\
         -- Rollback:\n--   DROP TABLE {description};\n--   -- Data loss: all rows.\n"
    )
}

/// A binary that carries versions `2025_01_01_N` for each of the counters.
fn binary(counters: &[u8]) -> Library {
    let files: Vec<(String, String)> = counters
        .iter()
        .map(|counter| {
            (
                format!("2025_01_01_{counter}_t{counter}.sql"),
                file(&format!("t{counter}"), "A table"),
            )
        })
        .collect();
    Library::of_made(&files)
}

fn row(migration: &Migration) -> Row {
    Row {
        version: migration.version,
        name: Some(migration.description.to_owned()),
        applied_on: None,
        checksum: Some(migration.checksum.to_string()),
    }
}

/// The plan as one line: a letter an entry, then the counters of the steps, or why there are none.
fn drawn(
    embedded: &[u8],
    applied: &[u8],
    change: impl Fn(&mut Row),
    target: Option<&str>,
) -> String {
    let all = binary(&[1, 2, 3, 4, 5]).0;
    let number =
        |migration: &Migration| u8::try_from(migration.version.as_i64() % 100).expect("a counter");
    let here: Vec<Migration> = all
        .iter()
        .filter(|migration| embedded.contains(&number(migration)))
        .copied()
        .collect();
    let mut rows: Vec<Row> = all
        .iter()
        .filter(|migration| applied.contains(&number(migration)))
        .map(row)
        .collect();
    rows.iter_mut().for_each(change);
    let history = History {
        exists: true,
        rows,
        ..History::default()
    };
    let letters: String = compare(&here, &history)
        .iter()
        .map(|entry| format!("{:?}", entry.state()).chars().next().unwrap_or('?'))
        .collect();
    let target = target.map(|target| target.parse().expect("a version"));
    match plan(&here, &history, target) {
        Ok(plan) => {
            let steps: Vec<String> = plan
                .steps
                .iter()
                .map(|step| number(step).to_string())
                .collect();
            format!("{letters} [{}] ahead {}", steps.join(" "), plan.ahead.len())
        }
        Err(refusal) => format!("{letters} {refusal}"),
    }
}

#[test]
fn the_plan_is_a_function_of_embedded_history_and_target() {
    let same = |_: &mut Row| {};
    // A applied, P pending, D divergent, O out of order, U unknown.
    assert_eq!(drawn(&[1, 2, 3], &[], same, None), "PPP [1 2 3] ahead 0");
    assert_eq!(drawn(&[1, 2, 3], &[1], same, None), "APP [2 3] ahead 0");
    assert_eq!(drawn(&[1, 2, 3], &[1, 2, 3], same, None), "AAA [] ahead 0");
    assert_eq!(
        drawn(&[1, 2, 3], &[], same, Some("2025_01_01_2")),
        "PPP [1 2] ahead 0"
    );
    assert_eq!(
        drawn(&[1, 2, 3], &[1, 2, 3], same, Some("2025_01_01_1")),
        "AAA [] ahead 0"
    );
    assert_eq!(
        drawn(&[1, 2, 3], &[1, 2, 3, 4, 5], same, None),
        "AAAUU [] ahead 2"
    );
    assert_eq!(
        drawn(&[1, 3], &[1, 2, 3], same, None),
        "AUA history and binary disagree on 1 migration; nothing was done"
    );
    assert_eq!(
        drawn(&[1, 2, 3], &[1, 3], same, None),
        "AOA history and binary disagree on 1 migration; nothing was done"
    );
    assert_eq!(
        drawn(&[1, 2], &[1, 3], same, None),
        "AOU history and binary disagree on 1 migration; nothing was done"
    );
    let zero = |row: &mut Row| row.checksum = Some("0".to_owned());
    assert_eq!(
        drawn(&[1, 2, 3], &[1, 2], zero, None),
        "DDP history and binary disagree on 2 migrations; nothing was done"
    );
    let renamed = |row: &mut Row| row.name = Some("other".to_owned());
    assert_eq!(
        drawn(&[1, 2], &[1], renamed, None),
        "DP history and binary disagree on 1 migration; nothing was done"
    );
    let by_hand = |row: &mut Row| (row.name, row.checksum) = (None, None);
    assert_eq!(
        drawn(&[1, 2], &[1], by_hand, None),
        "DP history and binary disagree on 1 migration; nothing was done"
    );
    assert_eq!(
        drawn(&[1, 2, 4], &[], same, Some("2025_01_01_3")),
        "PPP this binary carries no migration with version 2025_01_01_3; the nearest are 2025_01_01_2 and 2025_01_01_4"
    );
    assert_eq!(
        drawn(&[1, 2], &[], same, Some("2024_12_31_1")),
        "PP this binary carries no migration with version 2024_12_31_1; the nearest are 2025_01_01_1"
    );
}

/// The rollback as one line: the counters of the steps, each with the one it leads to, or why there are none.
fn drawn_back(
    embedded: &[u8],
    applied: &[u8],
    change: impl Fn(&mut Row),
    extent: Extent,
) -> String {
    let all = binary(&[1, 2, 3, 4, 5]).0;
    let number = |version: Version| version.as_i64() % 100;
    let is_in = |counters: &[u8], version: Version| {
        counters
            .iter()
            .any(|counter| i64::from(*counter) == number(version))
    };
    let here: Vec<Migration> = all
        .iter()
        .filter(|migration| is_in(embedded, migration.version))
        .copied()
        .collect();
    let applied = all
        .iter()
        .filter(|migration| is_in(applied, migration.version));
    let mut rows: Vec<Row> = applied.map(row).collect();
    rows.iter_mut().for_each(change);
    let history = History {
        exists: true,
        rows,
        ..History::default()
    };
    match rollback_plan(&here, &history, extent) {
        Ok(plan) => {
            let at = |version: Option<Version>| version.map_or(0, number);
            let steps: Vec<String> = plan
                .steps
                .iter()
                .map(|step| format!("{}>{}", number(step.migration.version), at(step.to)))
                .collect();
            format!(
                "[{}] from {} to {}",
                steps.join(" "),
                at(plan.position),
                at(plan.to)
            )
        }
        Err(Refusal::Disagreement(list)) => {
            let list = list
                .iter()
                .map(|one| format!("{} {}", one.name, one.reason));
            list.collect::<Vec<_>>().join("; ")
        }
        Err(refusal) => refusal.to_string(),
    }
}

#[test]
fn the_rollback_is_a_function_of_embedded_history_and_extent() {
    let same = |_: &mut Row| {};
    let to = |version: &str| Extent::To(Some(version.parse().expect("a version")));
    let steps = |count| Extent::Steps(NonZeroU32::new(count).expect("more than none"));
    let all = &[1, 2, 3][..];
    assert_eq!(
        drawn_back(all, all, same, to("2025_01_01_1")),
        "[3>2 2>1] from 3 to 1"
    );
    assert_eq!(
        drawn_back(all, all, same, to("2025_01_01_3")),
        "[] from 3 to 3"
    );
    assert_eq!(
        drawn_back(all, all, same, Extent::To(None)),
        "[3>2 2>1 1>0] from 3 to 0"
    );
    assert_eq!(
        drawn_back(all, &[], same, Extent::To(None)),
        "[] from 0 to 0"
    );
    assert_eq!(drawn_back(all, all, same, steps(1)), "[3>2] from 3 to 2");
    assert_eq!(
        drawn_back(all, all, same, steps(3)),
        "[3>2 2>1 1>0] from 3 to 0"
    );
    assert_eq!(
        drawn_back(all, all, same, steps(4)),
        "4 migrations cannot be rolled back: 3 are applied"
    );
    assert_eq!(
        drawn_back(all, all, same, steps(u32::MAX)),
        "4294967295 migrations cannot be rolled back: 3 are applied"
    );
    // What is pending is not in the way.
    assert_eq!(
        drawn_back(all, &[1, 2], same, steps(1)),
        "[2>1] from 2 to 1"
    );
    assert_eq!(
        drawn_back(all, &[1, 2], same, to("2025_01_01_3")),
        "2025_01_01_3 is not applied; the database is at 2025_01_01_2"
    );
    assert_eq!(
        drawn_back(all, &[], same, to("2025_01_01_1")),
        "2025_01_01_1 is not applied; the database is at no version"
    );
    // Versions need not follow each other.
    assert_eq!(
        drawn_back(&[1, 3, 5], &[1, 3, 5], same, to("2025_01_01_1")),
        "[5>3 3>1] from 5 to 1"
    );
    assert_eq!(
        drawn_back(&[1, 3, 5], &[1, 3, 5], same, to("2025_01_01_2")),
        "this binary carries no migration with version 2025_01_01_2; the nearest are 2025_01_01_1 and 2025_01_01_3"
    );
    // A newer binary was here.
    assert_eq!(
        drawn_back(&[1, 2], all, same, steps(1)),
        "2025_01_01_3_t3 applied, and not in this binary"
    );
    // Below the target too: the schema there is not known.
    assert_eq!(
        drawn_back(all, &[2, 3], same, steps(1)),
        "2025_01_01_1_t1 not in the history, and older than 2025_01_01_3, which is"
    );
    let first = |row: &mut Row| {
        if number_of(row) == 1 {
            row.checksum = None;
        }
    };
    assert_eq!(
        drawn_back(all, all, first, steps(1)),
        "2025_01_01_1_t1 applied, without a checksum in the history"
    );
}

fn number_of(row: &Row) -> i64 {
    row.version.as_i64() % 100
}

#[tokio::test]
async fn each_state_has_its_message() {
    let database = Server::shared().database();
    let url = database.url();
    assert!(binary(&[1, 2, 4]).run(&url, up()).await.result.is_ok());
    let changed = file("t2", "Another purpose");
    let renamed = file("t1", "A table");
    let here = Library::of(&[
        ("2025_01_01_1_other.sql", &renamed),
        ("2025_01_01_2_t2.sql", &changed),
        ("2025_01_01_3_t3.sql", &file("t3", "A table")),
        ("2025_01_01_5_t5.sql", &file("t5", "A table")),
    ]);
    let masked = |text: String| mask(&text, &database);
    golden(
        "disagreement_up.txt",
        &masked(here.run(&url, up()).await.text()),
    );
    let status = here.run(&url, Command::Status { check: true }).await;
    golden("disagreement_status.txt", &masked(status.text()));
    assert!(
        here.run(&url, Command::Status { check: false })
            .await
            .result
            .is_ok()
    );
    golden(
        "disagreement_plan.txt",
        &masked(here.run(&url, Command::Plan { to: None }).await.text()),
    );
    let session = database.session().await;
    assert_eq!(
        session
            .value("SELECT to_regclass('public.t5') IS NULL")
            .await,
        "t"
    );
    session.close().await;
}

#[tokio::test]
async fn an_older_binary_on_a_newer_database() {
    let database = Server::shared().database();
    let url = database.url();
    assert!(binary(&[1, 2, 3, 4]).run(&url, up()).await.result.is_ok());
    let old = binary(&[1, 2]);
    golden(
        "ahead_up.txt",
        &mask(&old.run(&url, up()).await.text(), &database),
    );
    let strict = [
        ("DATABASE_URL", url.as_str()),
        ("DSENTR_MIGRATE_UP_STRICT", "true"),
    ];
    let ended = old
        .run_with(&strict, up(), dsentr_migrate::config::Format::Text)
        .await;
    golden("ahead_up_strict.txt", &mask(&ended.text(), &database));
    // Where it would have to do something, it is out of order.
    let other = binary(&[1, 2])
        .0
        .iter()
        .chain(binary(&[1, 2, 3, 4, 5]).0.iter().skip(4))
        .count();
    assert_eq!(other, 3);
}

/// A history that stock refinery wrote is read, and stock refinery accepts the one that is written here.
#[tokio::test]
async fn stock_refinery_and_this_binary_read_each_other() {
    let library = binary(&[1, 2, 3]);
    let stock: Vec<refinery::Migration> = library.0.iter().map(stock).collect();
    let checksums: Vec<u64> = stock.iter().map(refinery::Migration::checksum).collect();
    assert_eq!(
        checksums,
        library
            .0
            .iter()
            .map(|migration| migration.checksum)
            .collect::<Vec<_>>()
    );

    // Stock first, ours goes on.
    let database = Server::shared().database();
    let (mut client, connection) = tokio_postgres::connect(&database.url(), tokio_postgres::NoTls)
        .await
        .expect("it connects");
    let connection = tokio::spawn(connection);
    let report = refinery::Runner::new(&stock[..2])
        .run_async(&mut client)
        .await
        .expect("stock refinery applies");
    assert_eq!(report.applied_migrations().len(), 2);
    golden(
        "after_stock.txt",
        &mask(&library.run(&database.url(), up()).await.text(), &database),
    );

    // Ours first, stock finds nothing to do and nothing to complain of.
    let report = refinery::Runner::new(&stock)
        .set_abort_divergent(true)
        .set_abort_missing(true)
        .run_async(&mut client)
        .await
        .expect("stock refinery accepts");
    assert_eq!(report.applied_migrations().len(), 0);
    let applied = refinery::Runner::new(&stock)
        .get_applied_migrations_async(&mut client)
        .await
        .expect("stock refinery reads");
    assert_eq!(applied, stock);
    let session = database.session().await;
    let columns = "SELECT string_agg(format('%s %s', attname, format_type(atttypid, atttypmod)), ', ' ORDER BY attnum) FROM pg_attribute \
                   WHERE attrelid = 'refinery_schema_history'::regclass AND attnum > 0";
    let by_stock = session.value(columns).await;
    session
        .batch("DROP TABLE refinery_schema_history, t1, t2, t3")
        .await;
    assert!(library.run(&database.url(), up()).await.result.is_ok());
    assert_eq!(session.value(columns).await, by_stock);
    session.close().await;
    drop(client);
    connection
        .await
        .expect("the connection's task ends")
        .expect("the connection ends well");
}

/// Rows that a person wrote: stock refinery panics on them.
#[tokio::test]
async fn a_history_written_by_hand_is_read() {
    let database = Server::shared().database();
    let library = binary(&[1, 2]);
    let session = database.session().await;
    session
        .batch(&format!(
            "CREATE TABLE refinery_schema_history (version int4 PRIMARY KEY, name text, applied_on text, checksum text); \
             INSERT INTO refinery_schema_history VALUES (2025010101, 't1', 'yesterday evening', '{}'), (7, NULL, NULL, NULL)",
            library.0[0].checksum
        ))
        .await;
    golden(
        "by_hand_status.txt",
        &mask(
            &library
                .run(&database.url(), Command::Status { check: true })
                .await
                .text(),
            &database,
        ),
    );
    session
        .batch("DELETE FROM refinery_schema_history WHERE version = 7")
        .await;
    golden(
        "by_hand_up.txt",
        &mask(&library.run(&database.url(), up()).await.text(), &database),
    );
    session.batch("DROP TABLE refinery_schema_history; CREATE TABLE refinery_schema_history (version text, name text, applied_on text, checksum text); INSERT INTO refinery_schema_history VALUES ('one')").await;
    golden(
        "by_hand_no_number.txt",
        &mask(&library.run(&database.url(), up()).await.text(), &database),
    );
    session.close().await;
}

#[test]
fn versions_of_the_history_may_be_any_number() {
    assert_eq!(Version::from_i64(7).to_string(), "7");
    assert_eq!(Version::from_i64(2_025_010_101).to_string(), "2025_01_01_1");
}
