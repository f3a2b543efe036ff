//! Holds the files of the folder to their seals. What was sealed may be running anywhere: it stays as it is.

use super::super::problem::{Finding, Problem};
use super::super::rules::{Check, RULES};
use super::super::{Checked, Entry, Judged, Mode, Rollback};
use super::evidence::evidence_problems;
use super::{Agreed, LOCK_FILE, LockFile, Seal, hash};
use crate::source::{Day, FileName, PROMISED, Span};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The rules that a debug build may break.
pub(in super::super) const UNSEALED: &str = "unsealed";
pub(in super::super) const UNPROVEN: &str = "unproven";
const OF_A_RELEASE: [&str; 2] = [UNSEALED, UNPROVEN];

/// What the folder is judged for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Gate {
    /// The day on which a new file would be named.
    pub today: Day,
    /// Whether the build is one to ship: then every file must be sealed, on every major that is promised.
    pub release: bool,
}

/// What the rules about seals look at.
pub(in super::super) struct Sealed<'a> {
    files: &'a [Judged],
    by_stem: BTreeMap<&'a str, &'a Judged>,
    /// None where there is no such file.
    lock_file: Option<&'a LockFile>,
    today: Day,
}

/// What they say.
#[derive(Default)]
pub(in super::super) struct Verdict {
    pub(in super::super) problems: Vec<Problem>,
    pub(in super::super) warnings: Vec<Problem>,
    pub(in super::super) lock_file: LockFile,
    pub(in super::super) agreed: Agreed,
}

/// Runs the rules about seals.
pub(in super::super) fn judge(
    entries: &[Entry],
    files: &[Judged],
    gate: Gate,
    known: &Agreed,
) -> Verdict {
    let mut verdict = Verdict::default();
    let bytes = entries
        .iter()
        .find(|entry| entry.name == LOCK_FILE)
        .and_then(|entry| entry.bytes.as_deref());
    let text: Option<Arc<str>> = bytes.map(|bytes| String::from_utf8_lossy(bytes).into());
    if let Some(text) = &text {
        match LockFile::parse_after(text, known) {
            Ok(lock_file) => {
                verdict.lock_file = lock_file;
                verdict.agreed = Agreed::of(text);
            }
            Err(problems) => {
                verdict.problems = problems;
                return verdict;
            }
        }
    }
    let stems = files.iter().filter_map(|file| Some((file.stem()?, file)));
    let sealed = Sealed {
        files,
        by_stem: stems.collect(),
        lock_file: text.is_some().then_some(&verdict.lock_file),
        today: gate.today,
    };
    let mut problems = sealed.problems();
    let is_warning = |problem: &mut Problem| !gate.release && OF_A_RELEASE.contains(&problem.rule);
    verdict.warnings = problems.extract_if(.., is_warning).collect();
    verdict.problems = problems;
    verdict
}

impl<'a> Sealed<'a> {
    fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for rule in RULES {
            let Check::Sealed(judge) = rule.check else {
                continue;
            };
            for (name, finding) in judge(self) {
                let file = self.files.iter().find(|file| file.name == name);
                let text = file.map_or_else(|| Arc::from(""), |file| Arc::clone(&file.text));
                problems.push(finding.into_problem(rule.name, &name, &text));
            }
        }
        for (file, checked, seal) in self.unchanged() {
            problems.extend(evidence_problems(checked, seal, &file.text));
        }
        problems
    }

    fn seals(&self) -> &'a [Seal] {
        self.lock_file.map_or(&[], LockFile::seals)
    }

    fn file(&self, stem: &str) -> Option<&'a Judged> {
        self.by_stem.get(stem).copied()
    }

    /// Each seal with its file, where that was parsed.
    fn pairs(&self) -> impl Iterator<Item = (&'a Judged, Span, &'a Seal)> {
        self.seals().iter().filter_map(|seal| {
            let file = self.file(&seal.stem)?;
            Some((file, file.forward?, seal))
        })
    }

    /// The files that passed and are as they were sealed, with their seals.
    fn unchanged(&self) -> impl Iterator<Item = (&'a Judged, &'a Checked, &'a Seal)> {
        self.pairs()
            .filter(|(file, forward, seal)| {
                hash::forward(*forward, &file.text) == seal.forward
                    && hash::rollback(*forward, &file.text) == seal.rollback
            })
            .filter_map(|(file, _, seal)| Some((file, file.checked.as_ref()?, seal)))
    }

    /// The files without a seal.
    fn new_files(&self) -> impl Iterator<Item = &'a Judged> {
        let seal_of = |file: &Judged| self.lock_file?.seal(file.stem()?);
        self.files
            .iter()
            .filter(move |file| seal_of(file).is_none())
    }

    /// The file that a sealed one was renamed to: with the same forward part, or else with the same version.
    fn renamed(&self, seal: &Seal) -> Option<&'a Judged> {
        let version = FileName::parse(&format!("{}.sql", seal.stem)).ok()?.version;
        let is_same = |file: &&Judged| {
            file.forward
                .is_some_and(|forward| hash::forward(forward, &file.text) == seal.forward)
        };
        let is_in_its_place =
            |file: &&Judged| FileName::parse(&file.name).is_ok_and(|name| name.version == version);
        self.new_files()
            .find(is_same)
            .or_else(|| self.new_files().find(is_in_its_place))
    }

    /// The sealed files that are not there.
    fn gone(&self) -> impl Iterator<Item = &'a Seal> {
        self.seals()
            .iter()
            .filter(|seal| self.file(&seal.stem).is_none())
    }
}

impl Judged {
    fn stem(&self) -> Option<&str> {
        self.name.strip_suffix(".sql")
    }
}

pub(in super::super) fn sealed_file(sealed: &Sealed<'_>) -> Vec<(String, Finding)> {
    let finding = |seal: &Seal| {
        let name = format!("{}.sql", seal.stem);
        let finding = match sealed.renamed(seal) {
            Some(other) => {
                let message = format!("this migration is sealed, and was renamed to `{}`", other.name);
                Finding::whole(message).help(format!(
                    "give it its name back: `git mv migrations/{} migrations/{name}`; databases that have it know it by this name",
                    other.name
                ))
            }
            None => Finding::whole("this migration is sealed, and its file is gone").help(format!(
                "bring it back: `git checkout HEAD -- migrations/{name}`; to undo what it does, write a new migration"
            )),
        };
        (name, finding)
    };
    sealed.gone().map(finding).collect()
}

pub(in super::super) fn sealed_forward(sealed: &Sealed<'_>) -> Vec<(String, Finding)> {
    let edited = sealed
        .pairs()
        .filter(|(file, forward, seal)| hash::forward(*forward, &file.text) != seal.forward);
    let next = Names::of(sealed).next("what_it_changes");
    let finding = |(file, _, _): (&Judged, Span, &Seal)| {
        let finding = Finding::whole("the forward part was edited after it was sealed");
        let help = format!(
            "bring it back: `git checkout HEAD -- migrations/{}`, and put the change into a new migration, today `{next}`\nwhere the seal was not committed yet, take that back instead: `git checkout HEAD -- migrations/{LOCK_FILE}`",
            file.name
        );
        (file.name.clone(), finding.help(help))
    };
    edited.map(finding).collect()
}

pub(in super::super) fn sealed_rollback(sealed: &Sealed<'_>) -> Vec<(String, Finding)> {
    let changed = sealed.pairs().filter(|(file, forward, seal)| {
        hash::forward(*forward, &file.text) == seal.forward
            && hash::rollback(*forward, &file.text) != seal.rollback
    });
    let finding = |(file, forward, _): (&Judged, Span, &Seal)| {
        let message = "the rollback block changed after it was sealed";
        let finding = Finding::at(opening(file, forward), message)
            .help("prove the way back anew: `cargo migration seal`");
        (file.name.clone(), finding)
    };
    changed.map(finding).collect()
}

/// The first line behind the forward part.
fn opening(file: &Judged, forward: Span) -> Span {
    let end = file.text.floor_char_boundary(forward.end as usize);
    let rest = &file.text[end..];
    let start = end + (rest.len() - rest.trim_start().len());
    let line = file.text[start..].lines().next().unwrap_or_default();
    Span::of(start..start + line.len())
}

pub(in super::super) fn sealed_order(sealed: &Sealed<'_>) -> Vec<(String, Finding)> {
    let Some(newest) = sealed.seals().last() else {
        return Vec::new();
    };
    let renamed: Vec<&str> = sealed
        .gone()
        .filter_map(|seal| Some(sealed.renamed(seal)?.name.as_str()))
        .collect();
    let mut names = Names::of(sealed);
    let mut found = Vec::new();
    for file in sealed.new_files() {
        let Ok(name) = FileName::parse(&file.name) else {
            continue;
        };
        if name.stem >= newest.stem || renamed.contains(&file.name.as_str()) {
            continue;
        }
        let message = format!(
            "this migration is new and sorts before `{}`, which is sealed",
            newest.stem
        );
        let help = format!(
            "call it `{}`: a database that has applied `{}` would be given it out of order",
            names.next(&name.description),
            newest.stem
        );
        found.push((file.name.clone(), Finding::whole(message).help(help)));
    }
    found
}

/// Hands out names behind all that there are.
struct Names {
    newest: Option<FileName>,
    today: Day,
}

impl Names {
    fn of(sealed: &Sealed<'_>) -> Self {
        let files = sealed.files.iter().map(|file| file.name.clone());
        let seals = sealed
            .seals()
            .iter()
            .map(|seal| format!("{}.sql", seal.stem));
        let names = files
            .chain(seals)
            .filter_map(|name| FileName::parse(&name).ok());
        Self {
            newest: names.max_by_key(|name| name.version),
            today: sealed.today,
        }
    }

    fn next(&mut self, description: &str) -> String {
        match FileName::next(self.newest.as_ref(), self.today, description) {
            Ok(name) => {
                let file = format!("{}.sql", name.stem);
                self.newest = Some(name);
                file
            }
            // Behind the last day of the year 9999 there is no name.
            Err(problem) => problem.to_string(),
        }
    }
}

pub(in super::super) fn seal_contradiction(sealed: &Sealed<'_>) -> Vec<(String, Finding)> {
    let findings = sealed.unchanged().flat_map(|(_, checked, seal)| {
        let wrong = contradictions(checked, seal);
        wrong.map(|(field, here, there)| {
            let stem = &checked.stem;
            let message = format!("`{field}` of `{stem}` is {here} here, and {there} in its file");
            let help = "bring it back: `git checkout HEAD -- migrations/migrations.lock`, then run `cargo migration seal`";
            (LOCK_FILE.to_owned(), Finding::whole(message).help(help))
        })
    });
    findings.collect()
}

/// The fields of the seal that say otherwise than the file: what the seal says, and what the file.
fn contradictions(
    checked: &Checked,
    seal: &Seal,
) -> impl Iterator<Item = (&'static str, String, String)> {
    let back = match &checked.rollback {
        Rollback::Sql { data_loss, .. } => data_loss.as_slice(),
        Rollback::Irreversible { .. } | Rollback::NothingToUndo { .. } => &[],
    };
    let transaction = checked.mode == Mode::Transaction;
    let rerunnable = checked.not_rerunnable.is_none();
    let same = |a: bool, b: bool| (a.to_string(), b.to_string());
    let texts = |a: &[String], b: &[String]| (format!("{a:?}"), format!("{b:?}"));
    let facts = [
        ("transaction", same(seal.transaction, transaction)),
        ("rerunnable", same(seal.rerunnable, rerunnable)),
        ("data_loss", texts(&seal.data_loss, &checked.data_loss)),
        ("rollback_data_loss", texts(&seal.rollback_data_loss, back)),
    ];
    let wrong = facts.into_iter().filter(|(_, (seal, file))| seal != file);
    wrong.map(|(field, (seal, file))| (field, seal, file))
}

pub(in super::super) fn unsealed(sealed: &Sealed<'_>) -> Vec<(String, Finding)> {
    if sealed.lock_file.is_none() && !sealed.files.is_empty() {
        let message = "there is no such file, so no migration is sealed: `cargo migration seal` proves them and writes it";
        return vec![(LOCK_FILE.to_owned(), Finding::whole(message))];
    }
    let finding = |file: &Judged| {
        let message = "this migration is not sealed: `cargo migration seal` proves it";
        (file.name.clone(), Finding::whole(message))
    };
    sealed.new_files().map(finding).collect()
}

/// One finding for the whole file: where a major is missing, it is mostly missing everywhere.
pub(in super::super) fn unproven(sealed: &Sealed<'_>) -> Vec<(String, Finding)> {
    let lacking = |seal: &&Seal| !seal.proven_on.lacks(&PROMISED).is_empty();
    let seals: Vec<&Seal> = sealed.seals().iter().filter(lacking).collect();
    let Some(first) = seals.first() else {
        return Vec::new();
    };
    let majors: BTreeSet<u32> = seals
        .iter()
        .flat_map(|seal| seal.proven_on.lacks(&PROMISED))
        .collect();
    let majors: Vec<String> = majors.iter().map(u32::to_string).collect();
    let are = match seals.len() - 1 {
        0 => "is".to_owned(),
        1 => "and 1 other migration are".to_owned(),
        count => format!("and {count} other migrations are"),
    };
    let message = format!(
        "`{}` {are} not proven on PostgreSQL {}, which is promised",
        first.stem,
        majors.join(", ")
    );
    let help = "prove it there, too: `cargo migration seal`";
    vec![(LOCK_FILE.to_owned(), Finding::whole(message).help(help))]
}
