//! `cargo bench`: this executable beside a program of thirty lines with stock refinery, and one that sends the same
//! statements without waiting for anything, on one server, in one run; then the same with many small migrations.
//!
//! Counts round trips through a proxy, that of the connection itself among them, and measures wall time and peak memory
//! without it. Nothing is encrypted: `sslmode=prefer`, the default, asks the server for TLS first, as libpq does, which is
//! one more. Where nothing is pending, the second program only connects and reads the history. Peers that are programs of
//! their own are not measured here.
//!
//! `DSENTR_BENCH_EXECUTABLE` names another executable than that of this build, as the static one of `.ci/static`; the memory
//! of the other two is that of this program, which holds the harness as well. `cargo test --bench compare` shows in a few
//! runs that all of it works; its numbers mean nothing.

#[path = "../tests/support/mod.rs"]
mod support;

use std::fmt;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use dsentr_migrate::check::applied_hash;
use dsentr_migrate::embedded::{MIGRATIONS, Migration};
use dsentr_migrate::process;
use dsentr_migrate::source::{Span, Version};
use futures_util::TryStreamExt as _;
use include_dir::File;
use support::library::stock;
use support::proxy::Proxy;
use support::server::{Database, Server};
use wait4::Wait4;

/// How often each kind is run; the median is shown.
struct Rounds {
    no_op: usize,
    fresh: usize,
    /// So many small migrations, so often.
    many: &'static [(usize, usize)],
}

const FULL: Rounds = Rounds {
    no_op: 51,
    fresh: 15,
    many: &[(1_000, 5), (10_000, 3)],
};

const TRIAL: Rounds = Rounds {
    no_op: 1,
    fresh: 1,
    many: &[(100, 1)],
};

/// One way of a packet over a network that is not on this machine.
const DELAY: Duration = Duration::from_millis(10);

/// Makes this executable the program with stock refinery.
const STOCK: &str = "stock-refinery";

/// Makes it the one that waits for nothing.
const RAW: &str = "raw-pipeline";

/// Has it, whatever it is, run so many small migrations instead of the real ones.
const COUNT: &str = "DSENTR_BENCH_MIGRATIONS";

fn main() -> ExitCode {
    let count = std::env::var(COUNT).ok();
    let migrations = match &count {
        Some(count) => small(count.parse().expect("a number")),
        None => MIGRATIONS,
    };
    let is = |word: &str| std::env::args().any(|argument| argument == word);
    if is(STOCK) {
        block_on(stock_refinery(migrations));
    } else if is(RAW) {
        block_on(raw_pipeline(migrations));
    } else if count.is_some() {
        return process::run(migrations);
    } else {
        let server = Server::of_its_own();
        // Which `cargo bench` says, and `cargo test` does not.
        let rounds = if is("--bench") { &FULL } else { &TRIAL };
        compare(&server, rounds);
        many(&server, rounds);
    }
    ExitCode::SUCCESS
}

fn compare(server: &Server, rounds: &Rounds) {
    let programs = [Program::Ours, Program::Raw, Program::Stock];
    let migrated = programs.map(|_| server.database());
    let mut rows: Vec<Row> = programs
        .iter()
        .zip(&migrated)
        .map(|(program, database)| Row::counted(*program, database))
        .collect();
    // In turns, so that whatever else the machine does meets all programs alike.
    for _ in 0..rounds.no_op {
        for (row, database) in rows.iter_mut().zip(&migrated) {
            row.no_op
                .runs
                .push(row.program.run(&plain(&database.url()), None));
        }
    }
    for _ in 0..rounds.fresh {
        for row in &mut rows {
            row.fresh
                .runs
                .push(row.program.run(&plain(&server.database().url()), None));
        }
    }
    println!("{:16} {:>22} {:>32}", "", "no-op", "fresh");
    println!(
        "{:16} {:>6} {:>8} {:>6} {:>6} {:>8} {:>6} {:>9}",
        "", "trips", "ms", "MiB", "trips", "ms", "MiB", "delayed ms"
    );
    for row in &rows {
        let delayed = row.delayed.as_millis();
        println!(
            "{:16} {} {} {delayed:>10}",
            row.program.name(),
            row.no_op,
            row.fresh
        );
    }
}

/// The same number of tables as migrations: a fresh database, and that again.
fn many(server: &Server, rounds: &Rounds) {
    for &(count, rounds) in rounds.many {
        println!("\n{count} small migrations");
        let programs = [Program::Ours, Program::Raw, Program::Stock];
        // Each file is compared with each there, and copied twice.
        let programs = &programs[..if count > 1_000 { 2 } else { 3 }];
        let mut fresh: Vec<Vec<(Duration, u64)>> = vec![Vec::new(); programs.len()];
        let mut no_op = fresh.clone();
        for _ in 0..rounds {
            for (nth, program) in programs.iter().enumerate() {
                let database = server.database();
                fresh[nth].push(program.run(&plain(&database.url()), Some(count)));
                if !matches!(program, Program::Raw) {
                    no_op[nth].push(program.run(&plain(&database.url()), Some(count)));
                }
            }
        }
        for (nth, program) in programs.iter().enumerate() {
            let (fresh, no_op) = (cell(&fresh[nth]), cell(&no_op[nth]));
            println!("{:16} fresh {fresh}  no-op {no_op}", program.name());
        }
    }
}

fn plain(url: &str) -> String {
    format!("{url}?sslmode=disable")
}

fn block_on(work: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(work);
}

/// Migrations that nobody checked, each with a table of its own, of about the size of the smallest real ones.
fn small(count: usize) -> &'static [Migration] {
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
        let file = File::new(format!("{stem}.sql").leak(), text.as_bytes());
        let mut migration = Migration {
            version: Version::from_i64(i64::try_from(date).expect("a small number")),
            stem,
            description,
            file: Box::leak(Box::new(file)),
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
async fn stock_refinery(migrations: &[Migration]) {
    let mut client = connect().await;
    let migrations: Vec<refinery::Migration> = migrations.iter().map(stock).collect();
    refinery::Runner::new(&migrations)
        .run_async(&mut client)
        .await
        .expect("it applies");
}

/// The limit: one message a migration, all sent before the first answer is read; no lock, no question, nobody who could say
/// what failed. A database that is migrated is asked for its history instead.
async fn raw_pipeline(migrations: &[Migration]) {
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

#[derive(Clone, Copy)]
enum Program {
    Ours,
    Raw,
    Stock,
}

impl Program {
    fn name(self) -> &'static str {
        match self {
            Self::Ours => "dsentr-migrate",
            Self::Raw => "raw pipeline",
            Self::Stock => "stock refinery",
        }
    }

    fn command(self, url: &str, count: Option<usize>) -> Command {
        let mut command = match (self, count) {
            (Self::Ours, None) => Command::new(
                std::env::var_os("DSENTR_BENCH_EXECUTABLE")
                    .unwrap_or_else(|| env!("CARGO_BIN_EXE_dsentr-migrate").into()),
            ),
            _ => Command::new(std::env::current_exe().expect("it has a path")),
        };
        command.arg(match self {
            Self::Ours => "up",
            Self::Raw => RAW,
            Self::Stock => STOCK,
        });
        command
            .env_clear()
            .envs(count.map(|count| (COUNT, count.to_string())))
            .env("DATABASE_URL", url)
            .stdout(Stdio::null());
        command
    }

    /// Wall time and peak memory of one run.
    fn run(self, url: &str, count: Option<usize>) -> (Duration, u64) {
        let start = Instant::now();
        let mut child = self.command(url, count).spawn().expect("it starts");
        let ended = child.wait4().expect("it ends");
        let took = start.elapsed();
        assert!(ended.status.success(), "{:?}", ended.status);
        (took, ended.rusage.maxrss)
    }

    fn trips(self, database: &Database<'_>) -> u64 {
        let proxy = Proxy::start(database.server().port());
        self.run(&plain(&database.url_through(proxy.port())), None);
        proxy.connections() + proxy.startup_flights() + proxy.flights()
    }
}

/// What is known of one program.
struct Row {
    program: Program,
    no_op: Cell,
    fresh: Cell,
    delayed: Duration,
}

impl Row {
    /// Counts, on a database that is empty before and migrated after.
    fn counted(program: Program, database: &Database<'_>) -> Self {
        let far = database.server().database();
        let proxy = Proxy::with_delay(database.server().port(), DELAY);
        Self {
            program,
            fresh: Cell::counted(program.trips(database)),
            no_op: Cell::counted(program.trips(database)),
            delayed: program.run(&plain(&far.url_through(proxy.port())), None).0,
        }
    }
}

/// One kind of run.
struct Cell {
    trips: u64,
    runs: Vec<(Duration, u64)>,
}

impl Cell {
    fn counted(trips: u64) -> Self {
        Self {
            trips,
            runs: Vec::new(),
        }
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>6} {}", self.trips, cell(&self.runs))
    }
}

/// The median of the times and the most of the memory.
fn cell(runs: &[(Duration, u64)]) -> String {
    let mut runs = runs.to_vec();
    runs.sort();
    let Some((median, _)) = runs.get(runs.len() / 2) else {
        return String::new();
    };
    let millis = median.as_secs_f64() * 1000.0;
    let memory = runs.iter().map(|(_, bytes)| *bytes).max();
    #[expect(
        clippy::cast_precision_loss,
        reason = "a size that is shown with one decimal"
    )]
    let mebibytes = memory.unwrap_or_default() as f64 / f64::from(1 << 20);
    format!("{millis:>8.1} {mebibytes:>6.1}")
}
