//! Judges the files of `migrations/`: what is wrong does not build.
//!
//! A pure function from names and bytes to checked migrations and problems. It reads no disk and knows no database; it
//! runs in build.rs and in the tests, never in the binary that ships. One rule is one function, listed in [`RULES`].

mod allow;
mod applied;
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
mod session_state;
mod syntax;
mod table;
mod transaction;
mod unsafe_ddl;
mod verdicts;
mod words;

pub use allow::{Allowance, SEAL_RULES};
pub use applied::{applied_hash, applied_sums};
pub use checked::{Checked, Mode, Rollback};
pub use problem::Problem;
pub use resume::{Relation, Residue};
pub use rules::{RULES, Rule};
pub use seal::Gate;
pub use table::table;
pub use verdicts::{Judge, Verdicts};

use crate::source::{FileName, Span};
use file::File;
use problem::Finding;
use rules::Check;
use seal::{Agreed, LockFile};
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
    /// What may not be released as it is, and may be built for a try.
    pub warnings: Vec<Problem>,
    /// The seals that the files were held to; none where they were not, or where `migrations.lock` is wrong.
    pub lock_file: LockFile,
    /// How much of its text is known to agree with itself.
    pub agreed: Agreed,
    /// The names of the files that were judged now, rather than known from before.
    pub judged: Vec<String>,
}

/// The parser is recursive; this holds brackets and other nesting far beyond what PostgreSQL itself accepts.
const STACK: usize = 256 << 20;

/// Runs every rule about the files themselves over every entry; `migrations.lock` is not looked at.
pub fn check(entries: &[Entry]) -> Outcome {
    check_after(entries, None, &Verdicts::default())
}

/// Runs every rule, those about the seals with them.
pub fn check_sealed(entries: &[Entry], gate: Gate) -> Outcome {
    check_after(entries, Some(gate), &Verdicts::default())
}

/// The same, where an earlier build has left its verdicts: a file that it found right, and that is still the same, is not
/// judged by itself again. What the files and the seals say to each other is, with the same outcome as without them.
pub fn check_after(entries: &[Entry], gate: Option<Gate>, known: &Verdicts<'_>) -> Outcome {
    with_stack(|| check_here(entries, gate, known))
}

fn with_stack(check: impl Fn() -> Outcome + Sync) -> Outcome {
    std::thread::scope(|scope| {
        let builder = std::thread::Builder::new().stack_size(STACK);
        let thread = builder.spawn_scoped(scope, &check);
        match thread.map(std::thread::ScopedJoinHandle::join) {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            // No room for such a stack: the one at hand is enough for every sane file.
            Err(_) => check(),
        }
    })
}

fn check_here(entries: &[Entry], gate: Option<Gate>, known: &Verdicts<'_>) -> Outcome {
    let mut problems = directory_problems(entries);
    let mut files = Vec::new();
    let mut judged = Vec::new();
    for entry in entries {
        let Some(bytes) = entry.bytes.as_deref().filter(|_| is_sql(&entry.name)) else {
            continue;
        };
        if let Some(file) = known.file(&entry.name, bytes) {
            files.push(file);
            continue;
        }
        let (file, mut found) = check_file(&entry.name, bytes);
        problems.append(&mut found);
        files.push(file);
        judged.push(entry.name.clone());
    }
    let seals = gate.map(|gate| seal::judge(entries, &files, gate, &known.agreed));
    let mut seals = seals.unwrap_or_default();
    problems.append(&mut seals.problems);
    problems.sort_by(|a, b| a.order().cmp(&b.order()));
    let mut migrations: Vec<Checked> = files.into_iter().filter_map(|file| file.checked).collect();
    migrations.sort_by(|a, b| a.stem.cmp(&b.stem));
    Outcome {
        migrations,
        problems,
        warnings: seals.warnings,
        lock_file: seals.lock_file,
        agreed: seals.agreed,
        judged,
    }
}

/// A file, after the rules about files.
struct Judged {
    name: String,
    text: Arc<str>,
    /// The forward part, also of a file that did not pass; none where it was not even parsed.
    forward: Option<Span>,
    /// Where it passed.
    checked: Option<Checked>,
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

fn check_file(name: &str, bytes: &[u8]) -> (Judged, Vec<Problem>) {
    let shown: Arc<str> = String::from_utf8_lossy(bytes).into();
    let tag = |rule: &Rule, findings: Vec<Finding>| {
        let tagged = findings
            .into_iter()
            .map(|finding| finding.into_problem(rule.name, name, &shown));
        tagged.collect::<Vec<_>>()
    };
    let mut judged = Judged {
        name: name.to_owned(),
        text: Arc::clone(&shown),
        forward: None,
        checked: None,
    };
    let mut problems = Vec::new();
    for rule in RULES {
        if let Check::Bytes(judge) = rule.check {
            problems.extend(tag(rule, judge(bytes)));
        }
    }
    if bytes::is_too_deep(bytes) {
        return (judged, problems);
    }
    let file = File::parse(&shown);
    judged.forward = Some(file.layout.forward);
    // Bytes that are no SQL text would make the later rules talk about follow-ups.
    if !problems.is_empty() {
        return (judged, problems);
    }
    for rule in RULES {
        match rule.check {
            Check::File(judge) => problems.extend(tag(rule, judge(&file))),
            Check::Unsafe(hazard) => {
                problems.extend(tag(rule, unsafe_ddl::judge(hazard, &file)));
            }
            Check::Folder(_)
            | Check::Bytes(_)
            | Check::LockFile
            | Check::Sealed(_)
            | Check::Evidence(_) => {}
        }
    }
    if let Some(name) = FileName::parse(name).ok().filter(|_| problems.is_empty()) {
        judged.checked = Some(Checked::new(name, &file));
    }
    (judged, problems)
}
