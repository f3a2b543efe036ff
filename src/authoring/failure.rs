//! A proof that failed: what, on which majors, and the difference.

use std::collections::BTreeSet;

/// A proof that failed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Failure {
    /// What is not as it should be, with the migration's name.
    pub(super) title: String,
    /// Below it: the place, the difference.
    pub(super) lines: Vec<String>,
    /// What to change.
    pub(super) help: Option<String>,
    /// Where it was seen; none where it is of no server.
    pub(super) majors: BTreeSet<u32>,
}

impl Failure {
    pub(super) fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            lines: Vec::new(),
            help: None,
            majors: BTreeSet::new(),
        }
    }

    pub(super) fn with(mut self, lines: impl IntoIterator<Item = String>) -> Self {
        self.lines.extend(lines);
        self
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(super) fn on(mut self, major: u32) -> Self {
        self.majors.insert(major);
        self
    }
}

/// What was seen alike on several majors, once.
pub(super) fn merged(failures: impl IntoIterator<Item = Failure>) -> Vec<Failure> {
    let mut merged: Vec<Failure> = Vec::new();
    for failure in failures {
        let twin = merged.iter_mut().find(|other| {
            (&other.title, &other.lines, &other.help)
                == (&failure.title, &failure.lines, &failure.help)
        });
        match twin {
            Some(twin) => twin.majors.extend(failure.majors),
            None => merged.push(failure),
        }
    }
    merged
}

/// All of them for people, with a newline at the end of each line.
pub(super) fn render(failures: &[Failure]) -> String {
    let mut text = String::new();
    for failure in failures {
        let majors: Vec<String> = failure.majors.iter().map(u32::to_string).collect();
        let seen = if majors.is_empty() {
            String::new()
        } else {
            format!(" (PostgreSQL {})", majors.join(", "))
        };
        text += &format!("error: {}{seen}\n", failure.title);
        text.extend(failure.lines.iter().map(|line| format!("{line}\n")));
        text.extend(failure.help.iter().map(|help| format!("help: {help}\n")));
        text.push('\n');
    }
    let count = match failures.len() {
        1 => "1 proof failed".to_owned(),
        count => format!("{count} proofs failed"),
    };
    text + &format!("error: {count}; the lock file is as it was\n")
}
