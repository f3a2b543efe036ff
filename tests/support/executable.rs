//! The real executable, in an environment that holds nothing but what a test gives it.

use std::process::{Command, Stdio};

/// What a run of the executable left: to be compared exactly.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Run {
    /// The exit code, none if a signal ended it.
    pub(crate) code: Option<i32>,
    /// Everything on standard output.
    pub(crate) stdout: String,
    /// Everything on standard error.
    pub(crate) stderr: String,
}

impl Run {
    /// Both outputs and the exit code, as a golden file holds them.
    pub(crate) fn text(&self) -> String {
        let code = self
            .code
            .map_or_else(|| "signal".to_owned(), |code| code.to_string());
        format!("{}{}[exit {code}]\n", self.stdout, self.stderr)
    }
}

/// A run of the executable that is yet to start.
pub(crate) struct Dsentr {
    command: Command,
    home: tempfile::TempDir,
}

/// The executable with arguments: no terminal, no input, an empty home, no variable of the caller's.
pub(crate) fn dsentr(arguments: &[&str]) -> Dsentr {
    executable(env!("CARGO_BIN_EXE_dsentr-migrate"), arguments)
}

/// Another executable in the same surroundings.
pub(crate) fn executable(path: &str, arguments: &[&str]) -> Dsentr {
    let home = tempfile::tempdir().expect("a temporary folder can be made");
    let mut command = Command::new(path);
    command
        .args(arguments)
        .env_clear()
        .env("HOME", home.path())
        .current_dir(home.path())
        .stdin(Stdio::null());
    Dsentr { command, home }
}

impl Dsentr {
    /// Sets a variable.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Puts a file into the home folder, which is the working folder too, or into a folder in it.
    pub(crate) fn file(self, name: &str, content: &str) -> Self {
        let path = self.home.path().join(name);
        let folder = path.parent().expect("it is inside of a folder");
        std::fs::create_dir_all(folder).expect("the home folder takes folders");
        std::fs::write(path, content).expect("the home folder takes files");
        self
    }

    /// The folder that is home and working folder.
    pub(crate) fn home(&self) -> &std::path::Path {
        self.home.path()
    }

    /// The command itself, for a test that starts, watches or kills it.
    pub(crate) fn command(&mut self) -> &mut Command {
        &mut self.command
    }

    /// Runs it to its end.
    pub(crate) fn run(mut self) -> Run {
        let output = self.command.output().expect("the executable starts");
        let text = |bytes| String::from_utf8(bytes).expect("the executable writes UTF-8");
        Run {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}
