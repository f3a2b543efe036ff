//! The checker itself, checked: each rule by a file that passes and one that fails, a corpus of mistakes each caught at its
//! place, valid SQL that must not be accused, and arbitrary bytes.
//!
//! Expected output stands beside each file and is compared whole. `BLESS=1` rewrites it; the places in
//! `corpus/PLACES` are written by hand and never rewritten.

use dsentr_migrate::check::{Entry, Outcome, Problem, RULES, check};
use dsentr_migrate::source::{Excerpt, FileName, Location, Note, Span, Version};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What a fixture of a single file is called when it is judged.
const NAME: &str = "2025_10_11_1_fixture.sql";

fn fixtures(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/check")
        .join(folder)
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

/// A file is judged alone under a good name; a folder is judged as `migrations/`.
fn entries(fixture: &Path) -> Vec<Entry> {
    if fixture.is_file() {
        return vec![Entry::file(NAME, fs::read(fixture).unwrap())];
    }
    let read = |path: &PathBuf| Entry {
        name: file_name(path),
        bytes: path.is_file().then(|| fs::read(path).unwrap()),
    };
    sorted(fixture).iter().map(read).collect()
}

fn rendered(problems: &[Problem]) -> String {
    problems
        .iter()
        .map(|problem| problem.render() + "\n")
        .collect()
}

/// Compares with the file, or rewrites it.
#[derive(Default)]
struct Expectations {
    different: Vec<String>,
}

impl Expectations {
    fn compare(&mut self, file: &Path, actual: &str) {
        if std::env::var_os("BLESS").is_some() {
            fs::write(file, actual).unwrap();
            return;
        }
        let expected = fs::read_to_string(file).unwrap_or_default();
        if expected != actual {
            self.different.push(format!(
                "{}\n--- expected\n{expected}--- actual\n{actual}",
                file.display()
            ));
        }
    }

    fn assert(self) {
        assert!(
            self.different.is_empty(),
            "output differs; read it, and if it is better than before run `BLESS=1 cargo test --test check`:\n\n{}",
            self.different.join("\n")
        );
    }
}

#[test]
fn each_rule_passes_what_is_right_and_catches_what_is_wrong() {
    let mut expectations = Expectations::default();
    let mut wrong = Vec::new();
    for rule in RULES {
        for fixture in sorted(&fixtures("rules").join(rule.name)) {
            let problems = check(&entries(&fixture)).problems;
            let name = file_name(&fixture);
            if name.starts_with("ok_") && !problems.is_empty() {
                wrong.push(format!(
                    "{}/{name} should pass:\n{}",
                    rule.name,
                    rendered(&problems)
                ));
            }
            if name.starts_with("err_") && !name.ends_with(".txt") {
                expectations.compare(&fixture.with_extension("txt"), &rendered(&problems));
                if problems.is_empty() || problems.iter().any(|problem| problem.rule != rule.name) {
                    wrong.push(format!(
                        "{}/{name} should be caught by this rule alone:\n{}",
                        rule.name,
                        rendered(&problems)
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    expectations.assert();
}

#[test]
fn every_rule_has_fixtures_of_both_kinds_and_every_fixture_a_rule() {
    let rules: BTreeSet<String> = RULES.iter().map(|rule| rule.name.to_owned()).collect();
    assert_eq!(rules.len(), RULES.len(), "two rules of one name");
    let folders: BTreeSet<String> = sorted(&fixtures("rules"))
        .iter()
        .map(|path| file_name(path))
        .collect();
    assert_eq!(folders, rules);
    for rule in &rules {
        let names: Vec<String> = sorted(&fixtures("rules").join(rule))
            .iter()
            .map(|path| file_name(path))
            .collect();
        assert!(
            names.iter().any(|name| name.starts_with("ok_")),
            "{rule} has no ok_ fixture"
        );
        assert!(
            names.iter().any(|name| name.starts_with("err_")),
            "{rule} has no err_ fixture"
        );
        for name in &names {
            let known = name.starts_with("ok_") || name.starts_with("err_");
            assert!(known, "{rule}/{name} is neither ok_ nor err_");
            let source = fixtures("rules")
                .join(rule)
                .join(name.replace(".txt", ".sql"));
            assert!(
                source.exists() || source.with_extension("").exists(),
                "{rule}/{name} belongs to no fixture"
            );
        }
    }
}

/// `name.sql` to `line:column rule`, as a person wrote them down.
fn places() -> BTreeMap<String, BTreeSet<String>> {
    let text = fs::read_to_string(fixtures("corpus/PLACES")).unwrap();
    let mut places: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in text.lines() {
        let (file, place) = line.split_once(' ').unwrap();
        places
            .entry(file.to_owned())
            .or_default()
            .insert(place.to_owned());
    }
    places
}

fn place(problem: &Problem, text: &str) -> String {
    match problem.span {
        Some(span) => format!("{} {}", Location::of(text, span.start), problem.rule),
        None => format!("file {}", problem.rule),
    }
}

#[test]
fn each_mistake_of_the_corpus_is_caught_at_its_place() {
    let places = places();
    let files: Vec<PathBuf> = sorted(&fixtures("corpus"))
        .into_iter()
        .filter(|path| path.extension().is_some_and(|e| e == "sql"))
        .collect();
    assert!(
        files.len() >= 60,
        "the corpus has shrunk to {} files",
        files.len()
    );
    let distinct: BTreeSet<Vec<u8>> = files.iter().map(|file| fs::read(file).unwrap()).collect();
    assert_eq!(distinct.len(), files.len(), "two files are alike");
    let names: BTreeSet<String> = files.iter().map(|file| file_name(file)).collect();
    assert_eq!(
        names,
        places.keys().cloned().collect(),
        "the files and those in PLACES"
    );

    let mut expectations = Expectations::default();
    let mut missed = Vec::new();
    for file in &files {
        let text = fs::read_to_string(file).unwrap();
        let problems = check(&entries(file)).problems;
        let found: BTreeSet<String> = problems
            .iter()
            .map(|problem| place(problem, &text))
            .collect();
        expectations.compare(&file.with_extension("txt"), &rendered(&problems));
        let expected = &places[&file_name(file)];
        if found != *expected {
            missed.push(format!(
                "{}: expected {expected:?}, found\n{}",
                file_name(file),
                rendered(&problems)
            ));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
    expectations.assert();
}

#[test]
fn valid_sql_is_not_accused() {
    let files = sorted(&fixtures("valid"));
    assert!(!files.is_empty());
    let accused: Vec<String> = files
        .iter()
        .map(|file| (file, check(&entries(file)).problems))
        .filter(|(_, problems)| !problems.is_empty())
        .map(|(file, problems)| format!("{}\n{}", file_name(file), rendered(&problems)))
        .collect();
    assert!(accused.is_empty(), "{}", accused.join("\n"));
}
