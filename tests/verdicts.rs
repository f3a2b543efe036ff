//! What one build leaves for the next changes nothing but the time that it takes: every outcome with it is compared with
//! the one without. That build.rs uses it is tested in `build.rs`.

mod support;

use std::fs;
use std::path::Path;

use dsentr_migrate::check::{Entry, Gate, Judge, Outcome, Verdicts, check_after, check_sealed};
use dsentr_migrate::source::Day;
use support::sealed::sealed;
use support::two::{FIRST, SECOND};

fn gate() -> Gate {
    Gate {
        today: Day::from_unix(1_764_000_000),
        release: false,
    }
}

fn judge() -> Judge {
    Judge::new(b"these rules")
}

/// With what was kept of these entries before.
fn again(before: &[Entry], entries: &[Entry]) -> Outcome {
    let kept = judge().keep(&check_sealed(before, gate()));
    check_after(entries, Some(gate()), &judge().recall(&kept))
}

/// All but what was judged.
fn told(outcome: &Outcome) -> String {
    let Outcome {
        migrations,
        problems,
        warnings,
        lock_file,
        agreed,
        judged: _,
    } = outcome;
    format!("{migrations:#?}{problems:#?}{warnings:#?}{lock_file:#?}{agreed:#?}")
}

/// The names that are judged, where the outcome is as it would be without what is known.
fn judged(before: &[Entry], entries: &[Entry]) -> Vec<String> {
    let outcome = again(before, entries);
    let anew = check_sealed(entries, gate());
    assert_eq!(told(&outcome), told(&anew));
    let mut judged = outcome.judged;
    judged.sort();
    judged
}

fn two() -> Vec<Entry> {
    vec![
        Entry::file("2025_10_11_1_first.sql", FIRST),
        Entry::file("2025_10_11_2_second.sql", SECOND),
    ]
}

/// The project's own, and what they do not happen to have.
fn many() -> Vec<Entry> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let mut entries: Vec<Entry> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            Entry::file(name, fs::read(&path).unwrap())
        })
        .collect();
    entries.push(Entry::file(
        "2999_01_01_1_rare.sql",
        "-- Not rerunnable: \"once\" 'ü' \\.\n-- migrate: lock-timeout=1h 5ms\n-- migrate: no-transaction\n\
         -- allow: long-table-lock: a.\n\
         CREATE INDEX CONCURRENTLY IF NOT EXISTS \"Größe \"\"x\"\"\" ON \"Other\".a (b);\n\
         ALTER TABLE public.a DETACH PARTITION \"Other\".a_1 CONCURRENTLY;\n\n\
         -- Rollback:\n--   DROP INDEX CONCURRENTLY IF EXISTS \"Other\".\"Größe \"\"x\"\"\";\n",
    ));
    entries
}

#[test]
fn a_file_is_judged_once() {
    let entries = many();
    let migrations = check_sealed(&entries, gate()).migrations;
    assert_eq!(migrations.len() + 1, entries.len(), "the lock file is one");
    let files = entries.iter().map(|entry| entry.name.clone());
    let mut files: Vec<String> = files.filter(|name| name != "migrations.lock").collect();
    files.sort();
    assert_eq!(judged(&[], &entries), files);
    assert_eq!(judged(&entries, &entries), [""; 0]);
}

#[test]
fn a_file_that_is_new_or_edited_or_renamed_is_judged() {
    let mut entries = two();
    entries.push(Entry::file("2025_10_11_3_third.sql", SECOND));
    assert_eq!(judged(&two(), &entries), ["2025_10_11_3_third.sql"]);
    let mut entries = two();
    entries[0] = Entry::file("2025_10_11_1_first.sql", FIRST.replace("int", "inT"));
    assert_eq!(judged(&two(), &entries), ["2025_10_11_1_first.sql"]);
    let mut entries = two();
    entries[1].name = "2025_10_11_2_other.sql".to_owned();
    assert_eq!(judged(&two(), &entries), ["2025_10_11_2_other.sql"]);
    assert_eq!(judged(&two(), &two()[..1]), [""; 0]);
}

#[test]
fn what_is_wrong_is_told_each_time() {
    let mut entries = two();
    entries[1] = Entry::file("2025_10_11_2_second.sql", "SELEKT 1;\n");
    assert_eq!(judged(&entries, &entries), ["2025_10_11_2_second.sql"]);
    let outcome = again(&entries, &entries);
    let rules: Vec<&str> = outcome
        .problems
        .iter()
        .map(|problem| problem.rule)
        .collect();
    assert!(rules.contains(&"syntax"), "{rules:?}");

    // Each is right by itself.
    let mut entries = two();
    entries[1].name = "2025_10_11_1_second.sql".to_owned();
    entries.push(Entry::file("notes.txt", "Nothing.\n"));
    assert_eq!(judged(&entries, &entries), [""; 0]);
    let problems = again(&entries, &entries).problems;
    let rules: Vec<&str> = problems.iter().map(|problem| problem.rule).collect();
    assert_eq!(rules, ["duplicate-version", "stray-file"]);
}

#[test]
fn verdicts_are_those_of_one_judge() {
    let kept = judge().keep(&check_sealed(&two(), gate()));
    assert_ne!(judge().recall(&kept), Verdicts::default());
    let other = Judge::new(b"these rules and one more");
    assert_eq!(other.recall(&kept), Verdicts::default());
}

#[test]
fn damaged_verdicts_are_none() {
    let kept = judge().keep(&check_sealed(&two(), gate()));
    for nth in 0..kept.len() {
        assert_eq!(judge().recall(&kept[..nth]), Verdicts::default(), "{nth}");
        let mut edited = kept.clone();
        edited[nth] ^= 1;
        assert_eq!(judge().recall(&edited), Verdicts::default(), "{nth}");
    }
    let longer = [&kept[..], b" "].concat();
    assert_eq!(judge().recall(&longer), Verdicts::default());
}

/// The two with a lock file in which the first one adds two tables, and the second one a third.
fn with_seals() -> (Vec<Entry>, String) {
    let lock_file = sealed(&[
        ("2025_10_11_1_first.sql", FIRST),
        ("2025_10_11_2_second.sql", SECOND),
    ]);
    let mut seals = lock_file.seals().to_vec();
    for (nth, tables) in [["table a", "table b"].as_slice(), &["table c"]]
        .into_iter()
        .enumerate()
    {
        let added = tables.iter().map(|table| ((*table).into(), "table".into()));
        seals[nth].added = added.collect();
    }
    (two(), support::sealed::lock_file(seals).to_text())
}

fn locked(entries: &[Entry], lock_file: &str) -> Vec<Entry> {
    let lock_file = Entry::file("migrations.lock", lock_file);
    entries.iter().cloned().chain([lock_file]).collect()
}

#[test]
fn seals_that_are_known_are_held_to_the_rest_all_the_same() {
    let (entries, text) = with_seals();
    let start = text.rfind("\n[[migration]]\n").unwrap();
    let one = locked(&entries[..1], &text[..start]);
    let all = locked(&entries, &text);
    for before in [&one, &all] {
        assert_eq!(check_sealed(before, gate()).problems, []);
    }
    assert_eq!(judged(&one, &all), ["2025_10_11_2_second.sql"]);
    assert_eq!(judged(&all, &one), [""; 0]);

    let row = |table: &str| {
        let mut lines = text.lines();
        let line = lines.find(|line| line.starts_with("\"table c\" = "));
        line.unwrap().replace("table c", table) + "\n"
    };
    let schemas: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("schema = "))
        .collect();
    let edits = [
        (
            "a row more in the last block",
            text.clone() + &row("table d"),
        ),
        (
            "and in the one before",
            text[..start].to_owned() + &row("table ba") + &text[start..],
        ),
        (
            "a schema that is another",
            text.replace(schemas[1], schemas[0]),
        ),
        (
            "the same in the one before",
            text.replace(schemas[0], schemas[1]),
        ),
        (
            "an object that is there",
            text.replace("\"table c\" = ", "\"table b\" = "),
        ),
        ("a line more", text.clone() + "\n"),
        ("a line less", text[..text.len() - 1].to_owned()),
        ("no block", text.clone() + "\n[[migration]]\n"),
    ];
    for (what, edited) in edits {
        let entries = locked(&entries, &edited);
        for before in [&one, &all] {
            let outcome = again(before, &entries);
            assert_ne!(outcome.problems, [], "{what}");
            assert_eq!(
                told(&outcome),
                told(&check_sealed(&entries, gate())),
                "{what}"
            );
        }
    }
}
