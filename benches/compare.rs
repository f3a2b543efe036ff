//! `cargo bench`: this executable beside a program of thirty lines with stock refinery, on one server, in one run.
//!
//! Counts round trips through a proxy, and measures wall time and peak memory without it. Peers that are programs of
//! their own, and limits below which nothing can go, are not measured here.

#[path = "../tests/support/mod.rs"]
mod support;

use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use dsentr_migrate::apply::refinery_name;
use dsentr_migrate::embedded::MIGRATIONS;
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
    println!("{:16} {:>22} {:>22}", "", "no-op", "fresh");
    println!(
        "{:16} {:>6} {:>8} {:>6} {:>6} {:>8} {:>6} {:>9}",
        "", "trips", "ms", "MiB", "trips", "ms", "MiB", "delayed ms"
    );
    for (name, program) in [
        ("dsentr-migrate", Program::Ours),
        ("stock refinery", Program::Stock),
    ] {
        let row = Row::measure(&server, program);
        println!(
            "{name:16} {:>6} {:>8.1} {:>6.1} {:>6} {:>8.1} {:>6.1} {:>9.0}",
            row.no_op.trips,
            row.no_op.millis,
            row.no_op.mebibytes,
            row.fresh.trips,
            row.fresh.millis,
            row.fresh.mebibytes,
            row.delayed
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
        let migrations: Vec<refinery::Migration> = MIGRATIONS
            .iter()
            .map(|migration| {
                refinery::Migration::unapplied(&refinery_name(migration), migration.forward_sql())
                    .expect("a name it takes")
            })
            .collect();
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
        assert!(ended.status.success(), "{:?}", ended.status as ExitStatus);
        (took, ended.rusage.maxrss)
    }

    fn trips(self, database: &Database<'_>) -> u64 {
        let proxy = Proxy::start(database.server().port());
        self.run(&database.url_through(proxy.port()));
        proxy.flights() + proxy.startup_flights()
    }
}

struct Row {
    no_op: Cell,
    fresh: Cell,
    delayed: f64,
}

struct Cell {
    trips: u64,
    millis: f64,
    mebibytes: f64,
}

impl Row {
    fn measure(server: &Server, program: Program) -> Self {
        let database = server.database();
        let fresh_trips = program.trips(&database);
        let no_op_trips = program.trips(&database);
        let no_ops = (0..NO_OPS).map(|_| program.run(&database.url())).collect();
        let fresh = (0..FRESH)
            .map(|_| program.run(&server.database().url()))
            .collect();
        let far = server.database();
        let proxy = Proxy::with_delay(server.port(), DELAY);
        let delayed = program.run(&far.url_through(proxy.port())).0;
        Self {
            no_op: Cell::of(no_op_trips, no_ops),
            fresh: Cell::of(fresh_trips, fresh),
            delayed: delayed.as_secs_f64() * 1000.0,
        }
    }
}

impl Cell {
    fn of(trips: u64, mut runs: Vec<(Duration, u64)>) -> Self {
        runs.sort();
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
        Self {
            trips,
            millis: runs[runs.len() / 2].0.as_secs_f64() * 1000.0,
            mebibytes,
        }
    }
}
