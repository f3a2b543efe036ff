//! `cargo bench`: this executable beside others that do the same, on one server, in one run; then the same with many small
//! migrations. `.ci/bench` installs the other tools and runs it with the executable that ships.
//!
//! Prints Markdown. Counts round trips and bytes through a proxy, the connection itself among them, and measures wall time
//! and peak memory without it; a second proxy delays what goes through it. Nothing is encrypted: `sslmode=prefer`, the
//! default, asks the server for TLS first, as libpq does, which is one more round trip.
//!
//! `DSENTR_BENCH_EXECUTABLE` names another executable than that of this build, and `DSENTR_BENCH_TOOLS` the tools.
//! `DSENTR_BENCH_MEASURE` names the example `measure`, which starts each program: the kernel counts the memory of whoever
//! starts a program as that of the program, and this one is too large for that. `cargo test --bench compare` shows in a few
//! runs that all of it works; its numbers mean nothing.

mod embedded;
#[path = "../../tests/support/mod.rs"]
mod support;
mod tools;

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use dsentr_migrate::embedded::MIGRATIONS;
use dsentr_migrate::process;
use embedded::{block_on, raw_pipeline, small, stock_refinery};
use support::proxy::Proxy;
use support::server::Server;
use tools::{Tool, tools};
use wait4::Wait4;

/// How often each kind is run; the median is shown.
struct Rounds {
    no_op: usize,
    fresh: usize,
    delayed: usize,
    /// So many small migrations, so often.
    many: &'static [(usize, usize)],
}

const FULL: Rounds = Rounds {
    no_op: 51,
    fresh: 15,
    delayed: 15,
    many: &[(1_000, 5), (10_000, 3)],
};

const TRIAL: Rounds = Rounds {
    no_op: 1,
    fresh: 1,
    delayed: 1,
    many: &[(100, 1)],
};

/// One way of a packet over a network that is not on this machine.
const DELAY: Duration = Duration::from_millis(10);

/// Makes this executable the program with stock refinery.
const STOCK: &str = "stock-refinery";

/// Makes it the one that waits for nothing.
const RAW: &str = "raw-pipeline";

/// The program that measures.
const MEASURE: &str = "DSENTR_BENCH_MEASURE";

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

/// A program that brings a database to the newest migration.
enum Program {
    Ours,
    Raw,
    Stock,
    Other(Tool),
}

/// What one run took: wall time, and peak memory in bytes.
type Taken = (Duration, u64);

impl Program {
    fn name(&self) -> &str {
        match self {
            Self::Ours => "dsentr-migrate",
            Self::Raw => "(limit: raw pipeline)",
            Self::Stock => "refinery, embedded",
            Self::Other(tool) => &tool.name,
        }
    }

    fn command(&self, url: &str, count: Option<usize>) -> Command {
        let word = match self {
            Self::Other(tool) => return tool.command(url),
            Self::Ours => "up",
            Self::Raw => RAW,
            Self::Stock => STOCK,
        };
        let mut command = match (self, count) {
            (Self::Ours, None) => Command::new(
                std::env::var_os("DSENTR_BENCH_EXECUTABLE")
                    .unwrap_or_else(|| env!("CARGO_BIN_EXE_dsentr-migrate").into()),
            ),
            _ => Command::new(std::env::current_exe().expect("it has a path")),
        };
        command
            .arg(word)
            .env_clear()
            .envs(count.map(|count| (COUNT, count.to_string())))
            .env("DATABASE_URL", url);
        command
    }

    fn run(&self, url: &str, count: Option<usize>) -> Taken {
        let mut command = self.command(&format!("{url}?sslmode=disable"), count);
        command.stdout(Stdio::null());
        if let Some(measure) = std::env::var_os(MEASURE) {
            command = measured(&measure, &command);
        }
        // What they say on the way is of no interest, until one fails.
        let (mut said, saying) = std::io::pipe().expect("a pipe can be made");
        command.stdin(Stdio::null()).stderr(saying);
        let start = Instant::now();
        let mut child = command.spawn().expect("it starts");
        drop(command);
        let text = std::io::read_to_string(&mut said).expect("it says text");
        let told = child.stdout.take().map(std::io::read_to_string);
        let ended = child.wait4().expect("it ends");
        let took = start.elapsed();
        assert!(ended.status.success(), "{}: {text}", self.name());
        match told {
            Some(told) => read(&told.expect("it tells text")),
            None => (took, ended.rusage.maxrss),
        }
    }
}

/// The same command, run by a program that measures it and tells.
fn measured(measure: &OsStr, command: &Command) -> Command {
    let mut measured = Command::new(measure);
    measured
        .arg("1")
        .arg(command.get_program())
        .args(command.get_args())
        .env_clear()
        .stdout(Stdio::piped());
    let variables = command.get_envs();
    measured.envs(variables.filter_map(|(name, value)| Some((name, value?))));
    if let Some(folder) = command.get_current_dir() {
        measured.current_dir(folder);
    }
    measured
}

/// What `examples/measure.rs` tells: wall time and processor time in milliseconds, and peak memory in KiB.
fn read(told: &str) -> Taken {
    let numbers: Vec<&str> = told.split_whitespace().collect();
    let [wall, _, peak] = numbers.as_slice() else {
        panic!("no measurement: {told}");
    };
    let wall: f64 = wall.parse().expect("a number");
    let peak: u64 = peak.parse().expect("a number");
    (Duration::from_secs_f64(wall / 1000.0), peak << 10)
}

/// All runs of a kind of one program.
#[derive(Default)]
struct Runs {
    taken: Vec<Taken>,
    /// Round trips and bytes; none where they were not counted.
    counted: Option<(u64, u64)>,
}

impl Runs {
    /// The median of the times, in milliseconds.
    fn millis(&self) -> f64 {
        let mut times: Vec<Duration> = self.taken.iter().map(|(time, _)| *time).collect();
        times.sort_unstable();
        times[times.len() / 2].as_secs_f64() * 1000.0
    }

    /// The most memory, in MiB.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a size that is shown with one decimal"
    )]
    fn mebibytes(&self) -> f64 {
        let most = self.taken.iter().map(|(_, bytes)| *bytes).max();
        most.unwrap_or_default() as f64 / f64::from(1 << 20)
    }

    /// Cells of a table: round trips, kilobytes, milliseconds, how many times those of another, MiB.
    fn cells(&self, ours: &Self) -> String {
        let mut cells = String::new();
        if let Some((trips, bytes)) = self.counted {
            let _ = write!(cells, " {trips} | {} |", bytes.div_ceil(1000));
        }
        let (millis, ratio) = (self.millis(), self.millis() / ours.millis());
        let _ = write!(
            cells,
            " {millis:.1} | {ratio:.2} | {:.1} |",
            self.mebibytes()
        );
        cells
    }
}

/// What is known of one program.
struct Row<'s> {
    program: Program,
    database: support::server::Database<'s>,
    no_op: Runs,
    fresh: Runs,
    delayed: Runs,
}

impl<'s> Row<'s> {
    /// Counts, on a database that is empty before and migrated after.
    fn counted(program: Program, server: &'s Server) -> Self {
        let database = server.database();
        // Far enough away that what is sent without waiting is sent before the first answer comes.
        let proxy = Proxy::with_delay(server.port(), DELAY);
        let count = || {
            proxy.reset();
            program.run(&database.url_through(proxy.port()), None);
            let trips = proxy.connections() + proxy.startup_flights() + proxy.flights();
            Runs {
                counted: Some((trips, proxy.bytes())),
                ..Runs::default()
            }
        };
        let (fresh, no_op) = (count(), count());
        Self {
            program,
            database,
            no_op,
            fresh,
            delayed: Runs::default(),
        }
    }
}

/// The real migrations. In turns, so that whatever else the machine does meets all programs alike.
fn compare(server: &Server, rounds: &Rounds) {
    let others = tools().into_iter().map(Program::Other);
    let programs = [Program::Ours, Program::Raw, Program::Stock];
    let programs = programs.into_iter().chain(others);
    let mut rows: Vec<Row<'_>> = programs
        .map(|program| Row::counted(program, server))
        .collect();
    for _ in 0..rounds.no_op {
        for row in &mut rows {
            let taken = row.program.run(&row.database.url(), None);
            row.no_op.taken.push(taken);
        }
    }
    for _ in 0..rounds.fresh {
        for row in &mut rows {
            let taken = row.program.run(&server.database().url(), None);
            row.fresh.taken.push(taken);
        }
    }
    let far = Proxy::with_delay(server.port(), DELAY);
    for _ in 0..rounds.delayed {
        for row in &mut rows {
            let database = server.database();
            let url = database.url_through(far.port());
            row.delayed.taken.push(row.program.run(&url, None));
        }
    }
    let count = MIGRATIONS.len();
    println!("{count} migrations, where nothing is pending:\n");
    table("round trips | kB | ms | ratio | MiB", &rows, |row| {
        &row.no_op
    });
    println!("\n{count} migrations, into an empty database:\n");
    table("round trips | kB | ms | ratio | MiB", &rows, |row| {
        &row.fresh
    });
    println!("\nThe same, {} ms away:\n", DELAY.as_millis());
    table("ms | ratio | MiB", &rows, |row| &row.delayed);
}

fn table(columns: &str, rows: &[Row<'_>], runs: impl for<'a> Fn(&'a Row<'_>) -> &'a Runs) {
    head(columns);
    for row in rows {
        let cells = runs(row).cells(runs(&rows[0]));
        println!("| {} |{cells}", row.program.name());
    }
}

fn head(columns: &str) {
    let rule = " ---: |".repeat(columns.split('|').count());
    println!("| | {columns} |\n| --- |{rule}");
}

/// The same number of tables as migrations: a fresh database, and that again. Both are this program, so that the size of
/// what is embedded counts for both.
fn many(server: &Server, rounds: &Rounds) {
    for &(count, rounds) in rounds.many {
        let programs = [Program::Ours, Program::Raw, Program::Stock];
        // Stock refinery compares each file with each, and copies all of them twice.
        let programs = &programs[..if count > 1_000 { 2 } else { 3 }];
        let mut fresh: Vec<Runs> = programs.iter().map(|_| Runs::default()).collect();
        let mut no_op: Vec<Runs> = programs.iter().map(|_| Runs::default()).collect();
        for _ in 0..rounds {
            for (nth, program) in programs.iter().enumerate() {
                let database = server.database();
                let url = database.url();
                fresh[nth].taken.push(program.run(&url, Some(count)));
                no_op[nth].taken.push(program.run(&url, Some(count)));
            }
        }
        println!("\n{count} small migrations, into an empty database, and again:\n");
        head("ms | ratio | MiB | again ms | ratio | MiB");
        for (nth, program) in programs.iter().enumerate() {
            let cells = fresh[nth].cells(&fresh[0]) + &no_op[nth].cells(&no_op[0]);
            println!("| {} |{cells}", program.name());
        }
    }
}
