//! The real psql, in an environment that holds nothing but what a test gives it.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::executable::Run;
use super::server::Database;

/// The psql that a run can be told to use instead of the one of the system's packages.
const CHOSEN: &str = "DSENTR_TEST_PSQL";

/// A run of psql that is yet to start: without a psqlrc, and with everything else as psql has it by default.
pub(crate) struct Psql {
    command: Command,
    folder: tempfile::TempDir,
    url: String,
}

/// psql with arguments, on a database.
pub(crate) fn psql(arguments: &[&str], database: &Database<'_>) -> Psql {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let mut command = Command::new(path());
    command
        .args(arguments)
        .env_clear()
        .env("HOME", folder.path())
        // A psql that is no package of the system brings its own libpq.
        .envs(std::env::var("LD_LIBRARY_PATH").map(|path| ("LD_LIBRARY_PATH", path)))
        .current_dir(folder.path())
        .stdin(Stdio::null());
    Psql {
        command,
        folder,
        url: database.url(),
    }
}

/// The psql of the newest PostgreSQL among the system's packages, or the one that was chosen.
pub(crate) fn path() -> PathBuf {
    if let Some(chosen) = std::env::var_os(CHOSEN) {
        return chosen.into();
    }
    let installed = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten();
    let newest = installed
        .flatten()
        .filter_map(|entry| {
            let psql = entry.path().join("bin/psql");
            let major: u32 = entry.file_name().to_str()?.parse().ok()?;
            psql.exists().then_some((major, psql))
        })
        .max();
    let (_, psql) = newest.expect("no psql found; install it: apt-get install postgresql");
    psql
}

impl Psql {
    /// Sets a variable of the environment.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Puts a file into the home folder, which is the working folder too.
    pub(crate) fn file(self, name: &str, content: &str) -> Self {
        std::fs::write(self.folder.path().join(name), content).expect("the folder takes files");
        self
    }

    /// Runs a script with `-f`.
    pub(crate) fn run(self, script: &str) -> Run {
        let mut psql = self.file("script.sql", script);
        psql.command.args(["-f", "script.sql"]);
        psql.finish()
    }

    /// Runs a script that comes in on standard input.
    pub(crate) fn read(self, script: &str) -> Run {
        let mut psql = self.file("script.sql", script);
        let file = std::fs::File::open(psql.folder.path().join("script.sql"));
        psql.command.stdin(file.expect("it was written just now"));
        psql.finish()
    }

    fn finish(mut self) -> Run {
        let output = self.command.arg(&self.url).output().expect("psql starts");
        let text = |bytes| String::from_utf8(bytes).expect("psql writes UTF-8");
        Run {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: without_lines(&text(output.stderr)),
        }
    }
}

/// Messages without the line of the script, which is another with each migration that is added.
fn without_lines(text: &str) -> String {
    let line = |line: &str| {
        let rest = line.strip_prefix("psql:script.sql:");
        let rest = rest.map(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()));
        rest.map_or_else(|| line.to_owned(), |rest| format!("psql:script.sql{rest}"))
    };
    text.split_inclusive('\n').map(line).collect()
}
