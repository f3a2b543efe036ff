//! `cargo migration seal` and `cargo migration check`: the files, the proofs, the lock file.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use super::agree::agree;
use super::cli::Servers;
use super::diff;
use super::error::Error;
use super::failure::{self, Failure};
use super::project::{Project, ROWS};
use super::prove::{Proofs, Proved, majors, prove, took};
use super::subject::Subject;
use super::today;
use crate::check::seal::{Gate, LockFile, Seal, evidence_problems, rollback_sha256};
use crate::check::{Checked, Entry, check_sealed};
use crate::report::count;
use crate::signal::Stop;
use crate::source::{Blocks, FOLDER};

/// What stops a build and does not stop us: it is what is about to be sealed.
const TO_BE_SEALED: [&str; 2] = ["unsealed", "sealed-rollback"];

/// Proves what is not sealed, or all, and writes the lock file.
pub(super) async fn seal(
    project: &Project,
    all: bool,
    on: &Servers,
    stop: &Stop,
) -> Result<String, Error> {
    let start = Instant::now();
    let files = Files::read(project)?;
    let majors = majors(on)?;
    let wanted = |checked: &Checked| all || files.must_be_sealed(checked, majors.as_deref());
    let subjects = files.subjects(wanted)?;
    let wanted: Vec<&Subject> = subjects
        .iter()
        .filter(|subject| subject.is_wanted)
        .collect();
    if wanted.is_empty() {
        let (sealed, are) = all_of(&subjects);
        return Ok(format!("nothing to seal: {sealed} {are} sealed\n"));
    }
    let seals = prove_all(&subjects, on, stop).await?;
    let mut failures = Vec::new();
    let mut problems = Vec::new();
    for (subject, seal) in wanted.iter().zip(&seals) {
        if !all && let Some(old) = files.lock_file.seal(subject.stem()) {
            failures.extend(other_way_forward(old, seal));
        }
        problems.extend(evidence_problems(
            &subject.checked,
            seal,
            &subject.forward.shown,
        ));
    }
    if !failures.is_empty() {
        return Err(Error::Unproven(failures));
    }
    if !problems.is_empty() {
        return Err(Error::Problems(problems));
    }
    let report = report(&seals, &format!("sealed in {}", took(start.elapsed())));
    let lock_file = files.with(seals);
    let text = lock_file.to_text();
    // What does not agree with itself would stop the next build.
    LockFile::parse(&text).map_err(Error::Problems)?;
    project.write_lock_file(&text)?;
    Ok(report)
}

/// Proves all, and compares.
pub(super) async fn check(project: &Project, on: &Servers, stop: &Stop) -> Result<String, Error> {
    let start = Instant::now();
    let files = Files::read(project)?;
    let unsealed: Vec<Failure> = files
        .migrations
        .iter()
        .filter(|checked| files.must_be_sealed(checked, None))
        .map(|checked| {
            Failure::new(format!("{}: is not sealed as it is", checked.stem))
                .help("cargo migration seal")
        })
        .collect();
    if !unsealed.is_empty() {
        return Err(Error::Unproven(unsealed));
    }
    let subjects = files.subjects(|_| true)?;
    let found = prove_all(&subjects, on, stop).await?;
    let failures: Vec<Failure> = found
        .into_iter()
        .filter_map(|found| {
            let sealed = files.lock_file.seal(&found.stem)?;
            differs(sealed, found)
        })
        .collect();
    if !failures.is_empty() {
        return Err(Error::Unproven(failures));
    }
    let (proven, are) = all_of(&subjects);
    Ok(format!(
        "{proven} {are} as sealed, proven in {}\n",
        took(start.elapsed())
    ))
}

/// The folder, which is in order.
struct Files {
    entries: Vec<Entry>,
    migrations: Vec<Checked>,
    lock_file: LockFile,
    rows: BTreeMap<String, String>,
}

impl Files {
    fn read(project: &Project) -> Result<Self, Error> {
        let entries = project.entries()?;
        let gate = Gate {
            today: today(),
            release: false,
        };
        let mut outcome = check_sealed(&entries, gate);
        outcome
            .problems
            .retain(|problem| !TO_BE_SEALED.contains(&problem.rule));
        if !outcome.problems.is_empty() {
            return Err(Error::Problems(outcome.problems));
        }
        let rows = project.rows()?;
        let is_known = |stem: &&String| {
            outcome
                .migrations
                .iter()
                .any(|checked| checked.stem == **stem)
        };
        if let Some(stray) = rows.keys().find(|stem| !is_known(stem)) {
            return Err(Error::Usage(format!(
                "{ROWS}/{stray}.sql is named after no migration"
            )));
        }
        Ok(Self {
            migrations: outcome.migrations,
            lock_file: outcome.lock_file,
            entries,
            rows,
        })
    }

    /// Whether a file has no seal, or one that is not about its rollback block as it is, or that leaves out a major.
    fn must_be_sealed(&self, checked: &Checked, majors: Option<&[u32]>) -> bool {
        let Some(seal) = self.lock_file.seal(&checked.stem) else {
            return true;
        };
        let text = String::from_utf8_lossy(self.bytes(checked));
        let mut majors = majors.unwrap_or_default().iter();
        seal.rollback != rollback_sha256(checked, &text)
            || !majors.all(|major| seal.proven_on.contains(*major))
    }

    fn bytes(&self, checked: &Checked) -> &[u8] {
        self.entry(checked)
            .and_then(|entry| entry.bytes.as_deref())
            .unwrap_or_default()
    }

    fn entry(&self, checked: &Checked) -> Option<&Entry> {
        let name = format!("{}.sql", checked.stem);
        self.entries.iter().find(|entry| entry.name == name)
    }

    fn subjects(&self, is_wanted: impl Fn(&Checked) -> bool) -> Result<Vec<Subject>, Error> {
        let mut subjects = Vec::new();
        let mut wrong = Vec::new();
        for checked in &self.migrations {
            let rows = self.rows.get(&checked.stem).map(String::as_str);
            let text = String::from_utf8_lossy(self.bytes(checked));
            match Subject::new(checked, &text, rows, is_wanted(checked)) {
                Ok(subject) => subjects.push(subject),
                Err(lines) => wrong.extend(lines),
            }
        }
        if wrong.is_empty() {
            return Ok(subjects);
        }
        Err(Error::Usage(wrong.join("\nerror: ")))
    }

    /// The lock file with new seals in it.
    fn with(&self, seals: Vec<Seal>) -> LockFile {
        let new: BTreeSet<String> = seals.iter().map(|seal| seal.stem.clone()).collect();
        let old = self.lock_file.seals().iter();
        let old = old.filter(|seal| !new.contains(&seal.stem)).cloned();
        LockFile::new(old.chain(seals).collect())
    }
}

/// The seals of the subjects that are wanted.
async fn prove_all(subjects: &[Subject], on: &Servers, stop: &Stop) -> Result<Vec<Seal>, Error> {
    let wanted = subjects.iter().filter(|subject| subject.is_wanted).count();
    eprintln!("proves {}", count(wanted, "migration"));
    let proofs = prove(on, subjects, stop).await?;
    let mut failures = failure::merged(failures_of(&proofs));
    let mut seals = Vec::new();
    for subject in subjects.iter().filter(|subject| subject.is_wanted) {
        let mut evidence = BTreeMap::new();
        let mut servers = Vec::new();
        for (major, Proved { minor, proofs }) in &proofs {
            let mut proofs = proofs.iter();
            let proof = proofs.find(|proof| proof.stem == subject.stem());
            if let Some(seen) = proof.and_then(|proof| proof.evidence.as_ref()) {
                evidence.insert(*major, seen);
                servers.push((*major, Some(*minor)));
            }
        }
        match agree(subject, &evidence, servers.into_iter().collect()) {
            Ok(seal) => seals.push(seal),
            Err(more) => failures.extend(more),
        }
    }
    if failures.is_empty() {
        return Ok(seals);
    }
    failures.sort_by(|a, b| stem(a).cmp(stem(b)));
    Err(Error::Unproven(failures))
}

fn failures_of(proofs: &Proofs) -> impl Iterator<Item = Failure> {
    proofs
        .values()
        .flat_map(|proved| &proved.proofs)
        .flat_map(|proof| proof.failures.iter().cloned())
}

/// Failures are shown in the order of the migrations.
fn stem(failure: &Failure) -> &str {
    failure.title.split(':').next().unwrap_or_default()
}

/// A way back that is proven anew says nothing new of the way forward.
fn other_way_forward(old: &Seal, new: &Seal) -> Option<Failure> {
    let new = Seal {
        rollback: old.rollback,
        rollback_data_loss: old.rollback_data_loss.clone(),
        proven_on: old.proven_on.clone(),
        ..new.clone()
    };
    let lines = differing(old, &new);
    let title = format!("{}: the way forward is another than was sealed", new.stem);
    (!lines.is_empty()).then(|| Failure::new(title).with(lines))
}

/// How what was found differs from the seal; where fewer majors were tried, only as far as they can tell. Another minor may
/// be installed today than was sealed on.
fn differs(sealed: &Seal, mut found: Seal) -> Option<Failure> {
    let tried: BTreeSet<u32> = found.proven_on.majors().collect();
    let all: BTreeSet<u32> = sealed.proven_on.majors().collect();
    if tried.is_subset(&all) {
        found.proven_on.clone_from(&sealed.proven_on);
    }
    if tried.is_subset(&all) && tried != all {
        for (table, lock) in &sealed.locks {
            // Another major may take a stronger one.
            let ours = found.locks.entry(table.clone()).or_insert(*lock);
            *ours = (*lock).max(*ours);
        }
        if tried.last() != all.last() {
            found.rows.clone_from(&sealed.rows);
        }
    }
    let lines = differing(sealed, &found);
    let title = format!(
        "{}: is not as it was sealed (- sealed, + found)",
        sealed.stem
    );
    let help = format!(
        "bring {FOLDER}/migrations.lock back with git, or seal it anew: cargo migration seal --all"
    );
    (!lines.is_empty()).then(|| Failure::new(title).with(lines).help(help))
}

fn differing(sealed: &Seal, found: &Seal) -> Vec<String> {
    let text = |seal: &Seal| LockFile::new(vec![seal.clone()]).to_text();
    diff::of_texts(&text(sealed), &text(found))
}

/// A line a seal, and what it comes to.
fn report(seals: &[Seal], end: &str) -> String {
    let width = seals
        .iter()
        .map(|seal| seal.stem.len())
        .max()
        .unwrap_or_default();
    let mut text = String::new();
    for seal in seals {
        let [added, changed, dropped] = [seal.added.len(), seal.changed.len(), seal.dropped.len()];
        text += &format!(
            "sealed  {:width$}  +{added} ~{changed} -{dropped} objects{}{}\n",
            seal.stem,
            locks(seal),
            rewrites(seal)
        );
    }
    let majors: BTreeSet<u32> = seals
        .iter()
        .flat_map(|seal| seal.proven_on.majors())
        .collect();
    let majors: Vec<String> = majors.iter().map(u32::to_string).collect();
    let count = count(seals.len(), "migration");
    text + &format!(
        "{count} proven on PostgreSQL {}, {end}\n",
        majors.join(", ")
    )
}

/// The table locks that the application notices.
fn locks(seal: &Seal) -> String {
    let noticed = seal
        .locks
        .iter()
        .filter(|(_, lock)| lock.blocks() != Blocks::Nothing);
    let locks: Vec<String> = noticed
        .map(|(table, lock)| format!("{table} ({lock})"))
        .collect();
    if locks.is_empty() {
        return String::new();
    }
    format!(", locks {}", locks.join(" "))
}

fn rewrites(seal: &Seal) -> String {
    if seal.rewrites.is_empty() {
        return String::new();
    }
    let tables: Vec<&str> = seal.rewrites.iter().map(String::as_str).collect();
    format!(", rewrites {}", tables.join(" "))
}

/// How many there are, and the verb that goes with it.
fn all_of<T>(subjects: &[T]) -> (String, &'static str) {
    let are = if subjects.len() == 1 { "is" } else { "are" };
    (count(subjects.len(), "migration"), are)
}
