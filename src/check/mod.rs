//! Judges the files of `migrations/`: what is wrong does not build.
//!
//! A pure function from names and bytes to checked migrations and problems. It reads no disk and knows no database; it
//! runs in build.rs and in the tests, never in the binary that ships. One rule is one function, listed in [`RULES`].

mod allow;
mod bytes;
mod checked;
mod data_loss;
mod deed;
mod directory;
mod dynamic;
mod enum_value;
mod file;
mod header;
mod layout;
mod notes;
mod parse;
mod problem;
mod rerun;
mod resume;
mod rollback;
mod rules;
pub mod seal;
mod session;
mod syntax;
mod table;
mod transaction;
mod unsafe_ddl;
mod words;

pub use allow::{Allowance, SEAL_RULES};
pub use checked::{Checked, Mode, Rollback};
pub use problem::Problem;
pub use resume::{Relation, Residue};
pub use rules::{RULES, Rule};
pub use table::table;

use crate::source::FileName;
use file::File;
use problem::Finding;
use rules::Check;
use std::sync::Arc;

/// Something found in `migrations/`.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its name in the folder.
    pub name: String,
    /// What is in it; `None` for anything that is not a plain file.
    pub bytes: Option<Vec<u8>>,
}

impl Entry {
    /// A plain file.
    pub fn file(name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            name: name.into(),
            bytes: Some(bytes.into()),
        }
    }
}

/// What the checks say about a whole folder.
#[derive(Debug)]
pub struct Outcome {
    /// The files without a problem, by the bytes of their names.
    pub migrations: Vec<Checked>,
    /// All that is wrong, by file and place.
    pub problems: Vec<Problem>,
}

/// The parser is recursive; this holds brackets and other nesting far beyond what PostgreSQL itself accepts.
const STACK: usize = 256 << 20;

/// Runs every rule over every entry.
pub fn check(entries: &[Entry]) -> Outcome {
    std::thread::scope(|scope| {
        let builder = std::thread::Builder::new().stack_size(STACK);
        let thread = builder.spawn_scoped(scope, || check_here(entries));
        match thread.map(std::thread::ScopedJoinHandle::join) {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            // No room for such a stack: the one at hand is enough for every sane file.
            Err(_) => check_here(entries),
        }
    })
}

fn check_here(entries: &[Entry]) -> Outcome {
    let mut problems = directory_problems(entries);
    let mut migrations = Vec::new();
    for entry in entries {
        let Some(bytes) = entry.bytes.as_deref().filter(|_| is_sql(&entry.name)) else {
            continue;
        };
        let (checked, mut found) = check_file(&entry.name, bytes);
        problems.append(&mut found);
        migrations.extend(checked);
    }
    problems.sort_by(|a, b| a.order().cmp(&b.order()));
    migrations.sort_by(|a, b| a.stem.cmp(&b.stem));
    Outcome {
        migrations,
        problems,
    }
}

/// Whether the entry is a migration by its ending; anything else is judged by the rules of the folder alone.
fn is_sql(name: &str) -> bool {
    std::path::Path::new(name)
        .extension()
        .is_some_and(|ending| ending == "sql")
}

fn directory_problems(entries: &[Entry]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for rule in RULES {
        let Check::Folder(judge) = rule.check else {
            continue;
        };
        for (index, finding) in judge(entries) {
            problems.push(finding.into_problem(rule.name, &entries[index].name, &Arc::from("")));
        }
    }
    problems
}

fn check_file(name: &str, bytes: &[u8]) -> (Option<Checked>, Vec<Problem>) {
    let shown: Arc<str> = String::from_utf8_lossy(bytes).into();
    let tag = |rule: &Rule, findings: Vec<Finding>| {
        let tagged = findings
            .into_iter()
            .map(|finding| finding.into_problem(rule.name, name, &shown));
        tagged.collect::<Vec<_>>()
    };
    let mut problems = Vec::new();
    for rule in RULES {
        if let Check::Bytes(judge) = rule.check {
            problems.extend(tag(rule, judge(bytes)));
        }
    }
    // Bytes that are no SQL text would make the later rules talk about follow-ups.
    let Some(text) = std::str::from_utf8(bytes)
        .ok()
        .filter(|_| problems.is_empty())
    else {
        return (None, problems);
    };
    let file = File::parse(text);
    for rule in RULES {
        match rule.check {
            Check::File(judge) => problems.extend(tag(rule, judge(&file))),
            Check::Unsafe(hazard) => {
                problems.extend(tag(rule, unsafe_ddl::judge(hazard, &file)));
            }
            Check::Folder(_) | Check::Bytes(_) => {}
        }
    }
    let Some(name) = FileName::parse(name).ok().filter(|_| problems.is_empty()) else {
        return (None, problems);
    };
    (Some(Checked::new(name, &file)), problems)
}
