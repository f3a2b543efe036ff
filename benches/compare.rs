//! `cargo bench`: this executable beside a program of thirty lines with stock refinery, and beside one that connects and
//! reads the history, on one server, in one run.
//!
//! Counts round trips through a proxy, that of the connection itself among them, and measures wall time and peak memory
//! without it. Nothing is encrypted: `sslmode=prefer`, the default, asks the server for TLS first, as libpq does, which is
//! one more. Peers that are programs of their own are not measured here.
//!
//! `DSENTR_BENCH_EXECUTABLE` names another executable than that of this build, as the static one of `.ci/static`. The
//! memory of the other two is that of this program, which holds the harness as well.

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

/// Makes this executable the least that a client of PostgreSQL can do.
const BARE: &str = "tokio-postgres";

fn main() {
    if std::env::args().any(|argument| argument == STOCK) {
        return stock_refinery();
    }
    if std::env::args().any(|argument| argument == BARE) {
        return bare();
    }
    let server = Server::of_its_own();
    let programs = [Program::Ours, Program::Stock, Program::Bare];
    let migrated = programs.map(|_| server.database());
    let mut rows: Vec<Row> = programs
        .iter()
        .zip(&migrated)
        .map(|(program, database)| Row::counted(*program, database))
        .collect();
    // In turns, so that whatever else the machine does meets all programs alike.
    for _ in 0..NO_OPS {
        for (row, database) in rows.iter_mut().zip(&migrated) {
            row.no_op
                .runs
                .push(row.program.run(&plain(&database.url())));
        }
    }
    for _ in 0..FRESH {
        for row in &mut rows {
            if let Some((fresh, _)) = &mut row.fresh {
                let database = server.database();
                fresh.runs.push(row.program.run(&plain(&database.url())));
            }
        }
    }
    println!("{:16} {:>22} {:>32}", "", "no-op", "fresh");
    println!(
        "{:16} {:>6} {:>8} {:>6} {:>6} {:>8} {:>6} {:>9}",
        "", "trips", "ms", "MiB", "trips", "ms", "MiB", "delayed ms"
    );
    for row in &rows {
        let fresh = row.fresh.as_ref();
        let fresh = fresh.map(|(cell, delayed)| format!(" {cell} {:>10}", delayed.as_millis()));
        println!(
            "{:16} {}{}",
            row.program.name(),
            row.no_op,
            fresh.unwrap_or_default()
        );
    }
}

fn plain(url: &str) -> String {
    format!("{url}?sslmode=disable")
}

/// The usual way to embed migrations with refinery.
fn stock_refinery() {
    connected(async |client| {
        let migrations: Vec<refinery::Migration> = MIGRATIONS.iter().map(stock).collect();
        refinery::Runner::new(&migrations)
            .run_async(client)
            .await
            .expect("it applies");
    });
}

/// Connects, and reads the history.
fn bare() {
    connected(async |client| {
        client
            .simple_query("SELECT version, name, checksum FROM refinery_schema_history")
            .await
            .expect("it answers");
    });
}

fn connected(work: impl AsyncFnOnce(&mut tokio_postgres::Client)) {
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
        work(&mut client).await;
    });
}

#[derive(Clone, Copy)]
enum Program {
    Ours,
    Stock,
    Bare,
}

impl Program {
    fn name(self) -> &'static str {
        match self {
            Self::Ours => "dsentr-migrate",
            Self::Stock => "stock refinery",
            Self::Bare => "tokio-postgres",
        }
    }

    fn command(self, url: &str) -> Command {
        let mut command = match self {
            Self::Ours => Command::new(
                std::env::var_os("DSENTR_BENCH_EXECUTABLE")
                    .unwrap_or_else(|| env!("CARGO_BIN_EXE_dsentr-migrate").into()),
            ),
            Self::Stock | Self::Bare => {
                Command::new(std::env::current_exe().expect("it has a path"))
            }
        };
        command.arg(match self {
            Self::Ours => "up",
            Self::Stock => STOCK,
            Self::Bare => BARE,
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
        self.run(&plain(&database.url_through(proxy.port())));
        proxy.connections() + proxy.startup_flights() + proxy.flights()
    }
}

/// What is known of one program.
struct Row {
    program: Program,
    no_op: Cell,
    /// None of one that applies nothing; with how long it takes over a network.
    fresh: Option<(Cell, Duration)>,
}

impl Row {
    /// Counts, on a database that is empty before and migrated after.
    fn counted(program: Program, database: &Database<'_>) -> Self {
        let fresh = match program {
            Program::Bare => None,
            Program::Ours | Program::Stock => {
                let trips = program.trips(database);
                let far = database.server().database();
                let proxy = Proxy::with_delay(database.server().port(), DELAY);
                let (delayed, _) = program.run(&plain(&far.url_through(proxy.port())));
                Some((Cell::counted(trips), delayed))
            }
        };
        Self {
            program,
            fresh,
            no_op: Cell::counted(program.trips(database)),
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
