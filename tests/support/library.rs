//! The commands of the library with migrations of the test's own, checked as build.rs checks the real ones.

use std::io::Write;
use std::sync::{Arc, Mutex};

use dsentr_migrate::check::seal::Seal;
use dsentr_migrate::check::{Entry, Problem, check};
use dsentr_migrate::cli::Command;
use dsentr_migrate::config::{Environment, Format, load};
use dsentr_migrate::embedded::{Migration, leak, leak_sealed};
use dsentr_migrate::error::Error;
use dsentr_migrate::report::{Out, Paint, render_error};
use dsentr_migrate::signal::Stop;
use tracing::instrument::WithSubscriber as _;

use super::sealed::{lock_file, sealed};

/// A binary as it would be with other migrations embedded.
#[derive(Clone, Copy)]
pub(crate) struct Library(pub(crate) &'static [Migration]);

impl Library {
    /// From names and texts of migration files; each must pass the checks.
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let entries: Vec<Entry> = files
            .iter()
            .map(|(name, text)| Entry::file(*name, text.as_bytes()))
            .collect();
        let outcome = check(&entries);
        let problems: Vec<String> = outcome.problems.iter().map(Problem::render).collect();
        assert!(problems.is_empty(), "{}", problems.join("\n"));
        Self(leak(&entries, &outcome.migrations))
    }

    /// The same, from names and texts that the test has put together.
    pub(crate) fn of_made(files: &[(String, String)]) -> Self {
        let files: Vec<(&str, &str)> = files
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str()))
            .collect();
        Self::of(&files)
    }

    /// The same, each with its seal, to which the test may add evidence. Without one where the test takes it away.
    pub(crate) fn sealed(files: &[(&str, &str)], evidence: impl Fn(Seal) -> Option<Seal>) -> Self {
        let plain = sealed(files);
        let seals = plain.seals().iter().cloned().filter_map(evidence);
        let lock_file = lock_file(seals.collect());
        let entries: Vec<Entry> = files
            .iter()
            .map(|(name, text)| Entry::file(*name, text.as_bytes()))
            .collect();
        Self(leak_sealed(
            &entries,
            &check(&entries).migrations,
            &lock_file,
        ))
    }

    /// Runs a command against a database. What it prints, how it ends.
    pub(crate) async fn run(self, url: &str, command: Command) -> Ended {
        self.run_with(&[("DATABASE_URL", url)], command, Format::Text)
            .await
    }

    /// As [`Library::run_with`], with results for machines, and what is logged at `info` and above, without times.
    pub(crate) async fn run_logged(
        self,
        variables: &[(&str, &str)],
        command: Command,
    ) -> (Ended, String) {
        let log = Buffer::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::INFO)
            .with_ansi(false)
            .with_target(false)
            .without_time()
            .with_writer(move || writer.clone())
            .finish();
        let run = self.run_with(variables, command, Format::Json);
        let ended = run.with_subscriber(subscriber).await;
        (ended, log.text())
    }

    /// Runs a command in an environment of the test's own.
    pub(crate) async fn run_with(
        self,
        variables: &[(&str, &str)],
        command: Command,
        format: Format,
    ) -> Ended {
        let environment: Environment = variables.iter().copied().collect();
        let config =
            load(&environment, Vec::new(), None, None).expect("the test's settings are right");
        let buffer = Buffer::default();
        let mut out = Out::to(buffer.clone(), format, Paint(false));
        let stop = Stop::never();
        let run =
            dsentr_migrate::command::run(&command, &config, &environment, self.0, &stop, &mut out);
        // It is large, and would make every test as large.
        let result = Box::pin(run).await;
        Ended {
            stdout: buffer.text(),
            result,
        }
    }
}

/// A migration as stock refinery has it.
pub(crate) fn stock(migration: &Migration) -> refinery::Migration {
    let name = format!("V{}__{}", migration.version.as_i64(), migration.description);
    refinery::Migration::unapplied(&name, migration.forward_sql())
        .expect("a name that refinery takes")
}

/// A file whose forward part is of interest, and whose way back is not.
pub(crate) fn step(forward: &str) -> String {
    format!(
        "-- Of interest to a test.\n-- Not rerunnable: it need not be.\n{forward}\n\n-- Nothing to undo: the test drops the database.\n"
    )
}

/// How a command ended.
pub(crate) struct Ended {
    pub(crate) stdout: String,
    pub(crate) result: Result<(), Error>,
}

impl Ended {
    /// stdout, the error as stderr would have it, and the exit code: what a golden file holds.
    pub(crate) fn text(&self) -> String {
        match &self.result {
            Ok(()) => format!("{}[exit 0]\n", self.stdout),
            Err(error) => format!(
                "{}{}[exit {}]\n",
                self.stdout,
                render_error(error, Paint(false)),
                error.exit_code()
            ),
        }
    }
}

/// `up` without arguments.
pub(crate) fn up() -> Command {
    Command::Up {
        to: None,
        strict: false,
        verify: false,
    }
}

#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Buffer {
    fn text(&self) -> String {
        let bytes = self.0.lock().expect("no writer panics").clone();
        String::from_utf8(bytes).expect("reports are UTF-8")
    }
}

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no writer panics").write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
