//! The programs that this benchmark is itself: with stock refinery, and the least that a client can do.

use dsentr_migrate::check::applied_hash;
use dsentr_migrate::embedded::{File, MIGRATIONS, Migration};
use dsentr_migrate::source::{Span, Version};
use futures_util::TryStreamExt as _;

use crate::support::library::stock;

pub(crate) fn block_on(work: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(work);
}

/// Migrations that nobody checked, each with a table of its own, of about the size of the smallest real ones.
pub(crate) fn small(count: usize) -> &'static [Migration] {
    let day = |number: usize| (number / 90, number % 90 + 1);
    let one = |number: usize| {
        let (date, counter) = day(number);
        let (year, month, day) = (2000 + date / 336, date / 28 % 12 + 1, date % 28 + 1);
        let description: &str = format!("small_{number}").leak();
        let stem: &str = format!("{year}_{month:02}_{day:02}_{counter:02}_{description}").leak();
        let comment = "-- One of many: a table, as the application would have it.\n";
        let statement =
            format!("CREATE TABLE small_{number} (id bigint PRIMARY KEY, label text NOT NULL)");
        let text: &str =
            format!("{comment}{statement};\n\n-- Rollback:\n--   DROP TABLE small_{number};\n")
                .leak();
        let date = (year * 10_000 + month * 100 + day) * 100 + counter;
        let span = Span::of(comment.len()..comment.len() + statement.len());
        let mut migration = Migration {
            version: Version::from_i64(i64::try_from(date).expect("a small number")),
            stem,
            description,
            file: File::Given(text),
            forward: Span::of(0..comment.len() + statement.len() + 1),
            statements: vec![span].leak(),
            seal: None,
            ..MIGRATIONS[0]
        };
        migration.checksum = stock(&migration).checksum();
        migration
    };
    let mut sum = 0;
    let summed = (0..count).map(one).map(|mut migration| {
        sum += applied_hash(migration.version, migration.description, migration.checksum);
        migration.applied_sum = sum;
        migration
    });
    summed.collect::<Vec<_>>().leak()
}

async fn connect() -> tokio_postgres::Client {
    let url = std::env::var("DATABASE_URL").expect("DATABASE_URL is set");
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls)
        .await
        .expect("it connects");
    tokio::spawn(connection);
    client
}

/// The usual way to embed migrations with refinery.
pub(crate) async fn stock_refinery(migrations: &[Migration]) {
    let mut client = connect().await;
    let migrations: Vec<refinery::Migration> = migrations.iter().map(stock).collect();
    refinery::Runner::new(&migrations)
        .run_async(&mut client)
        .await
        .expect("it applies");
}

/// The limit: one message a migration, all sent before the first answer is read; no lock, no question, nobody who could say
/// what failed. A database that is migrated is asked for its history instead.
pub(crate) async fn raw_pipeline(migrations: &[Migration]) {
    let client = connect().await;
    let table = "refinery_schema_history";
    if client
        .simple_query(&format!("SELECT * FROM {table}"))
        .await
        .is_ok()
    {
        return;
    }
    let mut answers = Vec::new();
    let mut send = async |sql: &str| {
        let answer = client.simple_query_raw(sql).await;
        answers.push(answer.expect("it is sent"));
    };
    send(&format!("SET synchronous_commit TO off; CREATE TABLE {table} (version int8 PRIMARY KEY, name varchar(255), applied_on varchar(255), checksum varchar(255))")).await;
    for (nth, migration) in migrations.iter().enumerate() {
        if nth + 1 == migrations.len() {
            send("SET synchronous_commit TO on").await;
        }
        let (version, checksum) = (migration.version.as_i64(), migration.checksum);
        let name = migration.description;
        let row = format!(
            "INSERT INTO {table} VALUES ({version}, '{name}', '2026-01-01T00:00:00.123456789Z', '{checksum}')"
        );
        send(&format!(
            "BEGIN; {row}; {}\n; COMMIT",
            migration.forward_sql()
        ))
        .await;
    }
    for answer in answers {
        let all: Result<Vec<_>, _> = answer.try_collect().await;
        all.expect("it applies");
    }
}
