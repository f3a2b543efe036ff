//! The real executable, in an environment that holds nothing but what a test gives it.

use std::process::{Command, Stdio};

use super::server::Database;

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
    let home = tempfile::tempdir().expect("a temporary folder can be made");
    let mut command = Command::new(env!("CARGO_BIN_EXE_dsentr-migrate"));
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

    /// Puts a file into the home folder, which is the working folder too.
    pub(crate) fn file(self, name: &str, content: &str) -> Self {
        std::fs::write(self.home.path().join(name), content).expect("the home folder takes files");
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

/// Takes out of a text what differs from run to run: the database's name, its server's port and version, times and durations.
/// A duration loses the blanks before it too, since columns are aligned with them.
pub(crate) fn mask(text: &str, database: &Database<'_>) -> String {
    let text = text
        .replace(database.name(), "<database>")
        .replace(&format!(":{}", database.server().port()), ":<port>")
        .replace(
            &format!("\"port\": {}", database.server().port()),
            "\"port\": <port>",
        )
        .replace(
            &database.server().socket_dir().display().to_string(),
            "<socket folder>",
        );
    mask_durations(&mask_times(&mask_version(&text)))
}

/// The times of a text masked, in the form that a history has them: `2026-11-22T14:57:54.123Z`.
fn mask_times(text: &str) -> String {
    let is_time = |word: &str| {
        let shape: String = word
            .chars()
            .map(|c| if c.is_ascii_digit() { '0' } else { c })
            .collect();
        shape.starts_with("0000-00-00T00:00:00") && shape.ends_with('Z')
    };
    let masked = |word: &str| {
        let bare = word.trim_end_matches(['\n', ' ', '"', ',']);
        let bare = bare.trim_start_matches('"');
        if is_time(bare) {
            word.replace(bare, "<when>")
        } else {
            word.to_owned()
        }
    };
    text.split_inclusive([' ', '\n']).map(masked).collect()
}

/// The server's version masked, in text and in JSON.
pub(crate) fn mask_version(text: &str) -> String {
    let line = |line: &str| {
        for mark in [", PostgreSQL ", "\"server_version\": \""] {
            if let Some((before, after)) = line.split_once(mark) {
                let after = after.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
                return format!("{before}{mark}<version>{after}");
            }
        }
        line.to_owned()
    };
    text.split_inclusive('\n').map(line).collect()
}

/// The durations of a text masked: a number, a blank, a unit of time.
pub(crate) fn mask_durations(text: &str) -> String {
    let mut masked = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let number = rest[start..]
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .map_or("", |end| &rest[start..start + end]);
        let after = &rest[start + number.len()..];
        let unit = [" ms", " s", " µs", " min"].into_iter().find(|unit| {
            after
                .strip_prefix(unit)
                .is_some_and(|more| !more.starts_with(char::is_alphanumeric))
        });
        let before = &rest[..start];
        let inside_word = before.ends_with(|c: char| c.is_alphanumeric() || "_.-:".contains(c));
        if let (Some(unit), false, false) = (unit, number.is_empty(), inside_word) {
            masked.push_str(before.trim_end_matches(' '));
            masked.push_str(" <time>");
            rest = &after[unit.len()..];
        } else {
            let end = start + number.len().max(1);
            masked.push_str(&rest[..end]);
            rest = &rest[end..];
        }
    }
    masked + rest
}
