//! The scripts of `.ci` that hold a throw-away server each.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdout, Command, Stdio};

/// A running script. It ends with this value, and with the process, however that ends; its server ends with it.
pub(crate) struct Script {
    path: &'static str,
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Script {
    /// Starts a script, which says with its first line that its server is ready.
    pub(crate) fn start(
        path: &'static str,
        arguments: impl IntoIterator<Item: AsRef<OsStr>>,
    ) -> Self {
        // Tests run in the project's folder, wherever it was when they were compiled.
        let mut command = Command::new(path);
        // In a process group of its own, what a terminal or a runner sends to this one's group does not keep the
        // script from cleaning up.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{path} cannot be started: {error}"));
        let output = BufReader::new(child.stdout.take().expect("its output is piped"));
        Self {
            path,
            child,
            output,
        }
    }

    /// The next line it prints, without its end.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        let count = self.output.read_line(&mut line);
        assert_ne!(
            count.expect("scripts write text"),
            0,
            "no server: {} has ended; it said why, just above",
            self.path
        );
        line.truncate(line.trim_end().len());
        line
    }

    /// Asks for something by its word, and waits until it is done.
    pub(crate) fn ask(&mut self, word: &str) {
        let mut input = self.child.stdin.as_ref().expect("its input is piped");
        // A script that has ended reads nothing; the answer that is missing tells it better.
        let _ = writeln!(input, "{word}");
        assert_eq!(self.line(), word);
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        self.child
            .wait()
            .expect("the script is a child of this process");
    }
}
