//! `cargo bench`: this executable beside a program of thirty lines with stock refinery, on one server, in one run.
//!
//! Counts round trips through a proxy, and measures wall time and peak memory without it. Peers that are programs of
//! their own, and limits below which nothing can go, are not measured here.

#[path = "../tests/support/mod.rs"]
mod support;

use std::fmt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use dsentr_migrate::embedded::MIGRATIONS;
use support::library::stock;
use support::proxy::Proxy;
use support::server::{Database, Server};
use wait4::Wait4;

/// Runs of each kind; the median of them is shown.
const NO_OPS: usize = 51;
const FRESH: usize = 11;

/// One way of a packet over a network that is not on this machine.
const DELAY: Duration = Duration::from_millis(10);

/// Makes this executable the program with stock refinery.
const STOCK: &str = "stock-refinery";

fn main() {
    if std::env::args().any(|argument| argument == STOCK) {
        return stock_refinery();
    }
    let server = Server::of_its_own();
    let programs = [Program::Ours, Program::Stock];
    let migrated = programs.map(|_| server.database());
    let mut rows: Vec<Row> = programs
        .iter()
        .zip(&migrated)
        .map(|(program, database)| Row::counted(*program, database))
        .collect();
    // In turns, so that whatever else the machine does meets all programs alike.
    for _ in 0..NO_OPS {
        for (row, database) in rows.iter_mut().zip(&migrated) {
            row.no_op.runs.push(row.program.run(&database.url()));
        }
    }
    for _ in 0..FRESH {
        for row in &mut rows {
            row.fresh
                .runs
                .push(row.program.run(&server.database().url()));
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

/// The usual way to embed migrations with refinery.
fn stock_refinery() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let url = std::env::var("DATABASE_URL").expect("DATABASE_URL is set");
        let (mut client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls)
            .await
            .expect("it connects");
        tokio::spawn(connection);
        let migrations: Vec<refinery::Migration> = MIGRATIONS.iter().map(stock).collect();
        refinery::Runner::new(&migrations)
            .run_async(&mut client)
            .await
            .expect("it applies");
    });
}

#[derive(Clone, Copy)]
enum Program {
    Ours,
    Stock,
}

impl Program {
    fn name(self) -> &'static str {
        match self {
            Self::Ours => "dsentr-migrate",
            Self::Stock => "stock refinery",
        }
    }

    fn command(self, url: &str) -> Command {
        let mut command = match self {
            Self::Ours => Command::new(env!("CARGO_BIN_EXE_dsentr-migrate")),
            Self::Stock => Command::new(std::env::current_exe().expect("it has a path")),
        };
        command.arg(match self {
            Self::Ours => "up",
            Self::Stock => STOCK,
        });
        command
            .env_clear()
            .env("DATABASE_URL", url)
            .stdout(Stdio::null());
        command
    }

    /// Wall time and peak memory of one run.
    fn run(self, url: &str) -> (Duration, u64) {
        let start = Instant::now();
        let mut child = self.command(url).spawn().expect("it starts");
        let ended = child.wait4().expect("it ends");
        let took = start.elapsed();
        assert!(ended.status.success(), "{:?}", ended.status);
        (took, ended.rusage.maxrss)
    }

    fn trips(self, database: &Database<'_>) -> u64 {
        let proxy = Proxy::start(database.server().port());
        self.run(&database.url_through(proxy.port()));
        proxy.flights() + proxy.startup_flights()
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
            delayed: program.run(&far.url_through(proxy.port())).0,
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
        let mut runs = self.runs.clone();
        runs.sort();
        let millis = runs[runs.len() / 2].0.as_secs_f64() * 1000.0;
        let memory = runs
            .iter()
            .map(|(_, bytes)| *bytes)
            .max()
            .unwrap_or_default();
        #[expect(
            clippy::cast_precision_loss,
            reason = "a size that is shown with one decimal"
        )]
        let mebibytes = memory as f64 / f64::from(1 << 20);
        write!(f, "{:>6} {millis:>8.1} {mebibytes:>6.1}", self.trips)
    }
}
