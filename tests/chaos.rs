//! Runs that are killed, cut, frozen, cancelled and restarted at random moments: each database must end at the target.
//!
//! `cargo test --test chaos -- --rounds 1000 --seed 42`; without arguments 100 rounds with a seed of their own, which is
//! printed. A round's plan depends on seed and number alone (`--seed 42 --round 7` plays that one), its timing does not.
//!
//! A round ends with an undisturbed `up`. After it the schema, the history and what the migrations wrote must be those
//! of a run that nobody disturbed, and no migration may have been reported as applied by two runs.

mod support;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::ops::Range;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use dsentr_migrate::embedded::{MIGRATIONS, Migration};
use dsentr_migrate::error::exit_code;
use dsentr_migrate::process;
use support::catalogue::{self, Catalogue};
use support::library::Library;
use support::pooler::{PoolMode, Pooler};
use support::proxy::{Fault as CommitFault, Proxy, Way};
use support::server::{Database, Server, Session, aside};

/// Makes this executable the runner: `dsentr-migrate` with further migrations behind the real ones.
const RUNNER: &str = "DSENTR_CHAOS_RUNNER";

/// How many rounds are played side by side.
const WORKERS: u64 = 4;

/// What a round may take, faults and all, before it counts as hanging.
const LIMIT: Duration = Duration::from_secs(90);

fn main() -> ExitCode {
    if std::env::var_os(RUNNER).is_some() {
        return process::run(&migrations());
    }
    let Some(options) = Options::of_arguments() else {
        return ExitCode::SUCCESS;
    };
    let rounds = match options.only {
        Some(round) => round..round + 1,
        None => 0..options.rounds,
    };
    println!(
        "chaos: {} rounds, --seed {}",
        rounds.end - rounds.start,
        options.seed
    );
    let start = Instant::now();
    let tally = play(options.seed, rounds);
    println!("{tally}took {:.1} s", start.elapsed().as_secs_f64());
    println!("{} passed, {} failed", tally.passed, tally.failed);
    if tally.failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Plays rounds side by side, each worker on a server of its own: most of a round is waiting.
fn play(seed: u64, rounds: Range<u64>) -> Tally {
    let workers = WORKERS.min(rounds.end - rounds.start);
    let rounds = Mutex::new(rounds);
    let tally = Mutex::new(Tally::default());
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                let arena = Arena::set_up();
                let next = || rounds.lock().expect("nobody panics with it").next();
                while let Some(number) = next() {
                    let plan = Plan::draw(seed, number);
                    let outcome = arena.play(&plan);
                    let mut tally = tally.lock().expect("nobody panics with it");
                    tally.count(number, &plan, outcome);
                }
            });
        }
    });
    tally.into_inner().expect("nobody panics with it")
}

/// What is to be played.
struct Options {
    rounds: u64,
    seed: u64,
    only: Option<u64>,
}

impl Options {
    /// None where `cargo test` filters for something else.
    fn of_arguments() -> Option<Self> {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        let value = |name: &str| {
            let at = arguments.iter().position(|argument| argument == name)?;
            let value = arguments.get(at + 1).and_then(|value| value.parse().ok());
            Some(value.unwrap_or_else(|| panic!("{name} needs a number")))
        };
        let options = Self {
            rounds: value("--rounds").unwrap_or(100),
            seed: value("--seed").unwrap_or_else(Draw::fresh_seed),
            only: value("--round"),
        };
        let is_filter =
            |argument: &&String| !argument.starts_with('-') && argument.parse::<u64>().is_err();
        let filter = arguments.iter().find(is_filter);
        filter
            .is_none_or(|filter| "chaos".contains(filter.as_str()))
            .then_some(options)
    }
}

/// The real migrations, and some behind them that take long enough to be hit, with and without a transaction.
fn migrations() -> Vec<Migration> {
    let step = |forward: &str| {
        format!(
            "-- Long enough to be hit.\n-- Not rerunnable: it counts.\n{forward}\n\n-- Nothing to undo: the database is dropped.\n"
        )
    };
    let rows = step(
        "CREATE TABLE chaos (id int NOT NULL, label text NOT NULL);\n\
         CREATE TABLE chaos_log (what text NOT NULL);\n\
         INSERT INTO chaos SELECT i, 'row ' || i FROM generate_series(1, 40) AS i;\n\
         CREATE FUNCTION chaos_slow(id int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM pg_sleep(0.001); RETURN id; END $$;\n\
         INSERT INTO chaos_log VALUES ('rows');",
    );
    let indexes = "-- Long enough to be hit.\n-- migrate: no-transaction\n\
         CREATE INDEX CONCURRENTLY IF NOT EXISTS chaos_slow_idx ON public.chaos (public.chaos_slow(id));\n\
         CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS chaos_id_idx ON public.chaos (id);\n\
         REINDEX INDEX CONCURRENTLY public.chaos_slow_idx;\n\
         VACUUM public.chaos;\n\n\
         -- Nothing to undo: the database is dropped.\n";
    let slow = step(
        "INSERT INTO chaos_log VALUES ('slow');\nSELECT pg_sleep(0.05);\nALTER TABLE chaos ADD COLUMN more int;",
    );
    let others = "-- Long enough to be hit.\n-- migrate: no-transaction\n\
         DROP INDEX CONCURRENTLY IF EXISTS public.chaos_id_idx;\n\
         CREATE INDEX CONCURRENTLY IF NOT EXISTS chaos_label_idx ON public.chaos (label, public.chaos_slow(id));\n\n\
         -- Nothing to undo: the database is dropped.\n";
    let last = step(
        "INSERT INTO chaos_log VALUES ('last');\nSELECT pg_sleep(0.02);\nALTER TABLE chaos ADD COLUMN most int;",
    );
    let further = Library::of(&[
        ("2030_01_01_1_chaos_rows.sql", &rows),
        ("2030_01_01_2_chaos_indexes.sql", indexes),
        ("2030_01_01_3_chaos_slow.sql", &slow),
        ("2030_01_01_4_chaos_others.sql", others),
        ("2030_01_01_5_chaos_last.sql", &last),
    ]);
    MIGRATIONS.iter().chain(further.0).copied().collect()
}

/// What happens to a run.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// SIGKILL of every runner.
    Kill,
    /// SIGTERM to every runner.
    Stop,
    /// `pg_terminate_backend` of every session of a runner.
    Terminate,
    /// `pg_cancel_backend` of them.
    Cancel,
    /// The server ends at once and starts again.
    Crash,
    /// Every TCP connection is cut in both directions.
    Cut,
    /// Nothing is delivered for a while; then all of it, or the connections are cut.
    Freeze { way: Way, millis: u64, cut: bool },
    /// The nth COMMIT from now loses its request or its answer.
    LoseCommit { fault: CommitFault, nth: u32 },
    /// A table that migrations change is locked for a while.
    Block { millis: u64 },
}

/// The way of the runners to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Road {
    Direct,
    Socket,
    Proxied,
    Pooled,
}

/// A round.
#[derive(Debug)]
struct Plan {
    /// Whether the real migrations are there already, so that more of the time goes to the others.
    starts_migrated: bool,
    road: Road,
    runners: u64,
    /// Each after a pause in milliseconds.
    faults: Vec<(u64, Fault)>,
}

impl Plan {
    fn draw(seed: u64, number: u64) -> Self {
        // By another number than `Draw` itself goes on with: else each round would be the one before it, shifted.
        let mut draw = Draw(seed ^ number.wrapping_mul(0xd134_2543_de82_ef95));
        let road = [
            Road::Direct,
            Road::Socket,
            Road::Proxied,
            Road::Proxied,
            Road::Pooled,
        ][draw.below(5)];
        let faults = 1 + draw.below(4);
        Self {
            starts_migrated: draw.below(2) == 0,
            road,
            runners: 1 + draw.below(3) as u64,
            faults: (0..faults)
                .map(|_| (draw.below(250) as u64, Fault::draw(&mut draw, road)))
                .collect(),
        }
    }
}

impl Fault {
    fn draw(draw: &mut Draw, road: Road) -> Self {
        let millis = 20 + draw.below(400) as u64;
        let (any, proxied) = (draw.below(7), draw.below(10));
        match (road, proxied) {
            (Road::Proxied, 0..=2) => Self::Cut,
            (Road::Proxied, 3 | 4) => Self::Freeze {
                way: [Way::ToClient, Way::ToServer, Way::Both][draw.below(3)],
                millis,
                cut: draw.below(2) == 0,
            },
            (Road::Proxied, 5..=7) => Self::LoseCommit {
                fault: [CommitFault::LoseRequest, CommitFault::LoseAnswer][draw.below(2)],
                nth: 1 + u32::try_from(draw.below(12)).expect("a small number"),
            },
            _ => match any {
                0 | 1 => Self::Kill,
                2 => Self::Stop,
                3 => Self::Terminate,
                4 => Self::Cancel,
                5 => Self::Crash,
                _ => Self::Block { millis },
            },
        }
    }
}

/// Numbers that look random: `SplitMix64`, since the plan of a seed must not change with a crate.
struct Draw(u64);

impl Draw {
    fn fresh_seed() -> u64 {
        let now = std::time::SystemTime::UNIX_EPOCH.elapsed();
        now.map_or(1, |now| u64::from(now.subsec_nanos()))
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let limit = u64::try_from(limit).expect("a small number");
        usize::try_from((mixed ^ (mixed >> 31)) % limit).expect("below a usize")
    }
}

/// Everything that rounds are played in, and what each must end with.
struct Arena {
    server: Server,
    pooler: Pooler,
    proxy: Proxy,
    expected: End,
}

/// How a database stands.
#[derive(PartialEq, Eq)]
struct End {
    catalogue: Catalogue,
    history: Vec<String>,
    written: Vec<String>,
}

impl End {
    fn of(url: &str) -> Self {
        aside(async {
            let session = Session::open(url).await;
            let end = Self {
                catalogue: catalogue::read_exactly(&session).await,
                history: session
                    .rows("SELECT version, name, checksum FROM refinery_schema_history ORDER BY 1")
                    .await,
                written: session
                    .rows("SELECT what, (SELECT count(*) FROM chaos) FROM chaos_log ORDER BY 1")
                    .await,
            };
            session.close().await;
            end
        })
    }

    fn difference(&self, found: &Self) -> Option<String> {
        if self == found {
            return None;
        }
        let mut text = catalogue::difference(&self.catalogue, &found.catalogue);
        for (what, expected, found) in [
            ("history", &self.history, &found.history),
            ("rows", &self.written, &found.written),
        ] {
            if expected != found {
                writeln!(
                    text,
                    "{what}: expected {expected:?}\n{what}: found {found:?}"
                )
                .expect("a String takes everything");
            }
        }
        Some(text)
    }
}

impl Arena {
    fn set_up() -> Self {
        let server = Server::of_its_own();
        let undisturbed = server.database();
        let run = Runner::start(&undisturbed.url(), &[]).end();
        assert_eq!(run.code, Some(0), "the undisturbed run: {run:?}");
        let expected = End::of(&undisturbed.url());
        assert_eq!(expected.history.len(), migrations().len());
        drop(undisturbed);
        Self {
            pooler: Pooler::start(&server, PoolMode::Transaction, 20),
            proxy: Proxy::start(server.port()),
            server,
            expected,
        }
    }

    fn play(&self, plan: &Plan) -> Outcome {
        let database = self.server.database();
        if plan.starts_migrated {
            let newest = MIGRATIONS[MIGRATIONS.len() - 1].version.to_string();
            let run = Runner::start(&database.url(), &["--to", &newest]).end();
            assert_eq!(run.code, Some(0), "the run before the round: {run:?}");
        }
        let mut round = Round {
            arena: self,
            url: self.url(plan.road, &database),
            database: &database,
            runners: Vec::new(),
            runs: Vec::new(),
            start: Instant::now(),
        };
        round.play(plan)
    }

    fn url(&self, road: Road, database: &Database<'_>) -> String {
        match road {
            Road::Direct => database.url(),
            Road::Socket => format!(
                "postgres:///{}?user=postgres&host={}&port={}",
                database.name(),
                self.server.socket_dir().display(),
                self.server.port()
            ),
            Road::Proxied => database.url_through(self.proxy.port()),
            Road::Pooled => self.pooler.url(database),
        }
    }
}

/// What came of a round.
struct Outcome {
    codes: Vec<Option<i32>>,
    problems: Vec<String>,
}

/// A round under way.
struct Round<'a> {
    arena: &'a Arena,
    database: &'a Database<'a>,
    url: String,
    runners: Vec<Runner>,
    runs: Vec<Ended>,
    start: Instant,
}

impl Round<'_> {
    fn play(&mut self, plan: &Plan) -> Outcome {
        for (pause, fault) in &plan.faults {
            self.reap();
            while self.runners.len() < usize::try_from(plan.runners).expect("a few") {
                self.runners.push(Runner::start(&self.url, &[]));
            }
            // At a moment that nothing in the run announces.
            std::thread::sleep(Duration::from_millis(*pause));
            self.suffer(*fault);
        }
        let mut problems = Vec::new();
        while !self.runners.is_empty() {
            self.reap();
            if self.start.elapsed() > LIMIT {
                problems.push("a runner hangs".to_owned());
                self.runners.iter_mut().for_each(Runner::kill);
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        let last = Runner::start(&self.database.url(), &[]).end();
        if last.code != Some(0) {
            problems.push(format!("the last run: {last:?}"));
        }
        self.runs.push(last);
        problems.extend(self.runs.iter().filter_map(Ended::problem));
        problems.extend(self.applied_twice());
        problems.extend(self.locks_left());
        problems.extend(
            self.arena
                .expected
                .difference(&End::of(&self.database.url())),
        );
        Outcome {
            codes: self.runs.iter().map(|run| run.code).collect(),
            problems,
        }
    }

    fn reap(&mut self) {
        let (ended, running): (Vec<_>, Vec<_>) = std::mem::take(&mut self.runners)
            .into_iter()
            .partition(Runner::has_ended);
        self.runs.extend(ended.into_iter().map(Runner::end));
        self.runners = running;
    }

    fn suffer(&mut self, fault: Fault) {
        let arena = self.arena;
        match fault {
            Fault::Kill => self.runners.iter_mut().for_each(Runner::kill),
            Fault::Stop => self.runners.iter().for_each(Runner::stop),
            Fault::Terminate => self.signal_sessions("pg_terminate_backend"),
            Fault::Cancel => self.signal_sessions("pg_cancel_backend"),
            Fault::Crash => arena.server.crash_and_restart(),
            Fault::Cut => arena.proxy.cut(),
            Fault::Freeze { way, millis, cut } => {
                arena.proxy.freeze(way);
                std::thread::sleep(Duration::from_millis(millis));
                if cut {
                    arena.proxy.cut();
                }
                arena.proxy.thaw();
            }
            Fault::LoseCommit { fault, nth } => arena.proxy.on_commit(fault, nth),
            Fault::Block { millis } => self.block(millis),
        }
    }

    fn signal_sessions(&self, function: &str) {
        self.arena.server.administer(&[&format!(
            "SELECT {function}(pid) FROM pg_stat_activity WHERE datname = '{}' AND application_name = 'dsentr-migrate'",
            self.database.name()
        )]);
    }

    /// Reads from every table there is in an open transaction.
    fn block(&self, millis: u64) {
        aside(async {
            let session = Session::open(&self.database.url()).await;
            // A table may be gone, or locked, by the time it is its turn.
            let _ = session
                .try_batch(
                    "BEGIN; SET LOCAL lock_timeout TO '50ms'; DO $$ DECLARE t text; BEGIN \
                     FOR t IN SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname = 'public' LOOP \
                     EXECUTE 'LOCK TABLE ' || t || ' IN ACCESS SHARE MODE'; END LOOP; END $$",
                )
                .await;
            tokio::time::sleep(Duration::from_millis(millis)).await;
            session.close().await;
        });
    }

    /// Migrations that two runs of this round claim to have applied.
    fn applied_twice(&self) -> Vec<String> {
        let mut claims: BTreeMap<&str, u32> = BTreeMap::new();
        for run in &self.runs {
            for line in run.stdout.lines().filter(|line| line.contains("\"name\"")) {
                *claims.entry(line.trim()).or_default() += 1;
            }
        }
        let twice = claims.into_iter().filter(|(_, claims)| *claims > 1);
        twice
            .map(|(name, claims)| format!("{name} was applied {claims} times"))
            .collect()
    }

    /// Advisory locks that are still there some time after the last run.
    fn locks_left(&self) -> Option<String> {
        aside(async {
            let session = Session::open(&self.database.url()).await;
            let question = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' \
                            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
            let start = Instant::now();
            while session.value(question).await != "0" {
                if start.elapsed() > Duration::from_secs(10) {
                    return Some("an advisory lock is left".to_owned());
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            session.close().await;
            None
        })
    }
}

/// A process of the runner.
struct Runner {
    child: Child,
    stdout: File,
    stderr: File,
}

/// How a runner ended.
#[derive(Debug)]
struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Runner {
    fn start(url: &str, arguments: &[&str]) -> Self {
        let file = || tempfile::tempfile().expect("a temporary file can be made");
        let copy = |file: &File| Stdio::from(file.try_clone().expect("a file can be shared"));
        let (stdout, stderr) = (file(), file());
        let child = Command::new(std::env::current_exe().expect("this file has a name"))
            .args(["up", "--output", "json"])
            .args(arguments)
            .env_clear()
            .env(RUNNER, "1")
            .env("DATABASE_URL", url)
            .env("DSENTR_MIGRATE_WAIT_TIMEOUT", "30s")
            .env("DSENTR_MIGRATE_DATABASE_CONNECT_TIMEOUT", "2s")
            .env("DSENTR_MIGRATE_TABLE_LOCK_TIMEOUT", "100ms")
            .stdin(Stdio::null())
            .stdout(copy(&stdout))
            .stderr(copy(&stderr))
            .spawn()
            .expect("the runner starts");
        Self {
            child,
            stdout,
            stderr,
        }
    }

    fn has_ended(&self) -> bool {
        // Asked by the number, since the handle would have to be changed.
        !std::path::Path::new(&format!("/proc/{}/exe", self.child.id())).exists()
    }

    fn kill(&mut self) {
        let _ = self.child.kill(); // it may have ended by itself
    }

    fn stop(&self) {
        let pid = self.child.id().to_string();
        let _ = Command::new("kill")
            .args(["-TERM", &pid])
            .stderr(Stdio::null())
            .status();
    }

    fn end(mut self) -> Ended {
        let status = self.child.wait().expect("it is our child");
        let text = |file: &mut File| {
            let mut text = String::new();
            file.rewind()
                .and_then(|()| file.read_to_string(&mut text))
                .expect("it can be read");
            text
        };
        Ended {
            code: status.code(),
            stdout: text(&mut self.stdout),
            stderr: text(&mut self.stderr),
        }
    }
}

impl Ended {
    /// What no fault excuses.
    fn problem(&self) -> Option<String> {
        // None of it where it was killed.
        let code = self.code.unwrap_or(exit_code::STOPPED.into());
        let is_excused = match u8::try_from(code) {
            Ok(
                exit_code::DONE
                | exit_code::LOCK_TIMEOUT
                | exit_code::UNREACHABLE
                | exit_code::STOPPED,
            ) => true,
            // Ended by an administrator, or cancelled by one.
            Ok(exit_code::FAILED) => {
                self.stderr.contains("was cut off") || self.stderr.contains("57014")
            }
            _ => false,
        };
        (!is_excused).then(|| format!("a run ended as it should not: {self:?}"))
    }
}

/// What came of all rounds.
#[derive(Default)]
struct Tally {
    passed: u64,
    failed: u64,
    codes: BTreeMap<String, u64>,
    faults: BTreeMap<String, u64>,
    roads: BTreeMap<Road, u64>,
}

impl Tally {
    fn count(&mut self, number: u64, plan: &Plan, outcome: Outcome) {
        for code in outcome.codes {
            let code = code.map_or_else(|| "killed".to_owned(), |code| format!("exit {code}"));
            *self.codes.entry(code).or_default() += 1;
        }
        for (_, fault) in &plan.faults {
            let name = format!("{fault:?}");
            let name = name.split([' ', '{']).next().unwrap_or_default().to_owned();
            *self.faults.entry(name).or_default() += 1;
        }
        *self.roads.entry(plan.road).or_default() += 1;
        if outcome.problems.is_empty() {
            self.passed += 1;
            return;
        }
        self.failed += 1;
        println!("round {number} failed: {plan:?}");
        for problem in outcome.problems {
            println!("{problem}");
        }
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(
            f,
            "runs: {:?}\nfaults: {:?}\nroads: {:?}",
            self.codes, self.faults, self.roads
        )
    }
}
