//! `migrations.lock`: its form, and that whatever is not as it was written is refused, at its place; and the gate, which
//! holds the files to it. What its rules say is in `tests/check/rules`.
//!
//! `BLESS=1` rewrites the expected output in `tests/check/lock_file`.

mod support;

use std::collections::BTreeMap;
use std::path::Path;

use dsentr_migrate::check::seal::{LockFile, Rows, Seal, schema_sha256};
use dsentr_migrate::check::{Entry, Gate, Problem, check_sealed};
use dsentr_migrate::source::{Day, FileName, TableLock};
use proptest::prelude::*;
use support::sealed::{empty, lock_file, sealed};

fn compare(name: &str, actual: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/check/lock_file")
        .join(name);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&file, actual).unwrap();
    }
    let expected = std::fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(
        actual, expected,
        "read it, and if it is better than before run `BLESS=1 cargo test --test seal`"
    );
}

fn objects(objects: &[(&str, &str)]) -> BTreeMap<String, String> {
    let owned = objects
        .iter()
        .map(|(object, definition)| ((*object).to_owned(), (*definition).to_owned()));
    owned.collect()
}

fn texts<T: FromIterator<String>>(texts: &[&str]) -> T {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// One seal that adds, and one that does all else.
fn example() -> LockFile {
    let first = Seal {
        added: objects(&[
            ("table users", ""),
            ("column users.email", "text not null"),
            ("column users.plan", "text default 'free'::text"),
            (
                "index users.\"Plan\"",
                "CREATE INDEX \"Plan\" ON users USING btree (plan)",
            ),
            (
                "function touch()",
                "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $function$\nBEGIN\n    NEW.note := E'a\\nb';\n    RETURN NEW;\nEND\n$function$",
            ),
            (
                "comment on table users",
                "'''many'''\nlines, \"quoted\"\u{1}\r'",
            ),
        ]),
        rollback_data_loss: texts(&["all users."]),
        proven_on: [13, 18].into(),
        ..empty("2025_10_11_1_create_users")
    };
    let second = Seal {
        transaction: false,
        rerunnable: false,
        proven_on: [(13, Some(23)), (17, None), (18, Some(4))]
            .into_iter()
            .collect(),
        data_loss: texts(&["the plan of \"old\" users.", "and more."]),
        locks: BTreeMap::from([
            ("users".to_owned(), TableLock::AccessExclusive),
            ("\"Größe\"".to_owned(), TableLock::Share),
        ]),
        rewrites: texts(&["users"]),
        rows: BTreeMap::from([(
            "users".to_owned(),
            Rows {
                read: 3,
                written: 2,
            },
        )]),
        added: objects(&[("column users.size", "bigint")]),
        changed: objects(&[("column users.email", "character varying(99)")]),
        dropped: texts(&["column users.plan", "index users.\"Plan\""]),
        ..empty("2025_10_11_2_change_users")
    };
    lock_file(vec![second, first])
}

#[test]
fn the_file_is_made_to_be_read() {
    compare("example.txt", &example().to_text());
    compare("empty.txt", &LockFile::default().to_text());
}

#[test]
fn what_was_written_is_read_again() {
    let text = example().to_text();
    assert_eq!(LockFile::parse(&text).unwrap(), example());
    let empty = LockFile::default();
    assert_eq!(LockFile::parse(&empty.to_text()).unwrap(), empty);
}

#[test]
fn the_schema_after_a_migration_is_what_the_seals_add_up_to() {
    let file = example();
    assert_eq!(file.schema_after(0), BTreeMap::new());
    assert_eq!(file.schema_after(1), file.seals()[0].added);
    let all = file.schema_after(2);
    let names: Vec<&str> = all.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "column users.email",
            "column users.size",
            "comment on table users",
            "function touch()",
            "table users"
        ]
    );
    assert_eq!(all["column users.email"], "character varying(99)");
    assert_eq!(file.seals()[1].schema, schema_sha256(&all));
    // Known, so that nobody changes how it is computed without noticing: printf 'a\0b\0c\0\0' | sha256sum
    let known = schema_sha256(&objects(&[("a", "b"), ("c", "")]));
    assert_eq!(known[..4], [0x37, 0x32, 0xad, 0x58]);
}

/// One edit by hand or by a bad merge: what it is called, what is replaced and by what.
const EDITS: &[(&str, &str, &str)] = &[
    ("a definition", "\"text not null\"", "\"text\""),
    (
        "the hash of a definition",
        "10900deec3c16c95",
        "10900deec3c16c96",
    ),
    (
        "an object is gone",
        "\"table users\" = [\"\", \"e3b0c44298fc1c14\"]\n",
        "",
    ),
    (
        "an object that is there twice",
        "[migration.changed]",
        "\"table users\" = [\"\", \"e3b0c44298fc1c14\"]\n\n[migration.changed]",
    ),
    (
        "an object that was not there",
        "\"column users.plan\",",
        "\"column users.price\",",
    ),
    (
        "a name",
        "\"2025_10_11_2_change_users\"",
        "\"2025_10_11_2_Change\"",
    ),
    ("the order", "2025_10_11_1_", "2025_10_12_1_"),
    (
        "two blocks of one migration",
        "2025_10_11_2_change_users",
        "2025_10_11_1_create_users",
    ),
    ("no hash", "\"1a1a", "\"1A1a"),
    ("no table lock", "\"AccessExclusive\"", "\"Exclusiv\""),
    ("no server", "proven_on = [13, 18]", "proven_on = []"),
    ("no version", "\"18.4\"", "\"18.04\""),
    ("a major that is there twice", "\"18.4\"", "\"17.4\""),
    ("majors with and without a minor", "\"17\"", "17"),
    ("a comment", "[migration.rows]", "[migration.rows] # few"),
    ("other spaces", "rerunnable = true", "rerunnable  = true"),
    ("an unknown key", "rerunnable = true", "rerunable = true"),
    ("no TOML", "[migration.rows]", "[migration.rows"),
    (
        "another type",
        "transaction = true",
        "transaction = \"yes\"",
    ),
    ("its end is missing", "\n[migration.changed]", "\n"),
    (
        "a merge conflict",
        "[migration.rows]",
        "<<<<<<< HEAD\n[migration.rows]\n=======\n>>>>>>> other",
    ),
];

#[test]
fn an_edit_by_hand_is_refused_at_its_place() {
    let text = example().to_text();
    let mut shown = String::new();
    for (what, from, to) in EDITS {
        let edited = text.replacen(from, to, 1);
        assert_ne!(edited, text, "{what}: `{from}` is not there");
        let problems = LockFile::parse(&edited).expect_err(what);
        shown.push_str(&format!("== {what}\n"));
        for problem in problems {
            shown.push_str(&problem.render());
            shown.push('\n');
        }
    }
    compare("edits.txt", &shown);
}

/// Texts with all that TOML could stumble over.
fn any_text() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        Just("'".to_owned()),
        Just("\"".to_owned()),
        Just("\\".to_owned()),
        Just("\n".to_owned()),
        Just("\t".to_owned()),
        Just("\r".to_owned()),
        Just("#".to_owned()),
        "\\PC{0,3}",
        any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(pieces, 0..8).prop_map(|pieces| pieces.concat())
}

fn any_seal() -> impl Strategy<Value = Seal> {
    let texts = || prop::collection::vec(any_text(), 0..3);
    let set = || prop::collection::btree_set(any_text(), 0..3);
    let locks =
        prop::collection::btree_map(any_text(), prop::sample::select(&TableLock::ALL[..]), 0..3);
    // An integer of TOML has 63 bits.
    let number = || 0..=u64::MAX >> 1;
    let rows = (number(), number()).prop_map(|(read, written)| Rows { read, written });
    let rows = prop::collection::btree_map(any_text(), rows, 0..3);
    let hashes = (any::<[u8; 32]>(), any::<[u8; 32]>());
    let minors = prop::option::of(any::<u32>());
    let majors = prop::collection::btree_map(any::<u32>(), minors, 1..4);
    let facts = (any::<bool>(), any::<bool>(), majors, hashes);
    let added = prop::collection::btree_map(any_text(), any_text(), 0..4);
    (facts, texts(), texts(), locks, set(), rows, added).prop_map(
        |(
            (transaction, rerunnable, proven_on, (forward, rollback)),
            data_loss,
            back,
            locks,
            rewrites,
            rows,
            added,
        )| Seal {
            forward,
            rollback,
            transaction,
            rerunnable,
            proven_on: proven_on.into_iter().collect(),
            data_loss,
            rollback_data_loss: back,
            locks,
            rewrites,
            rows,
            added,
            ..empty("")
        },
    )
}

/// Names them, and lets each drop or change some of what those before it have added.
fn in_a_row(seals: Vec<(Seal, Vec<u8>)>) -> LockFile {
    let mut objects: BTreeMap<String, String> = BTreeMap::new();
    let mut all = Vec::new();
    for (nth, (mut seal, choices)) in seals.into_iter().enumerate() {
        seal.stem = format!("2025_10_11_{}_x", nth + 1);
        seal.added.retain(|object, _| !objects.contains_key(object));
        for (object, choice) in objects.keys().zip(choices) {
            match choice % 3 {
                0 => _ = seal.dropped.insert(object.clone()),
                1 => _ = seal.changed.insert(object.clone(), format!("{choice}\n'")),
                _ => {}
            }
        }
        seal.apply(&mut objects);
        all.push(seal);
    }
    lock_file(all)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_seals_are_read_as_they_were_written(seals in prop::collection::vec((any_seal(), any::<[u8; 9]>().prop_map(Vec::from)), 0..4)) {
        let file = in_a_row(seals);
        let read = LockFile::parse(&file.to_text());
        prop_assert_eq!(read.map_err(|problems| problems[0].render()), Ok(file));
    }

    #[test]
    fn any_text_is_refused_or_is_as_it_would_be_written(edit in any_text(), at in any::<prop::sample::Index>(), take in 0..3_usize) {
        let text = example().to_text();
        let places: Vec<usize> = text.char_indices().map(|(place, _)| place).collect();
        let start = at.get(&places);
        let end = text.ceil_char_boundary(start + take);
        let edited = format!("{}{edit}{}", &text[..*start], &text[end..]);
        if let Ok(file) = LockFile::parse(&edited) {
            prop_assert_eq!(file.to_text(), edited);
        }
    }
}

const NAME: &str = "2025_10_11_1_add_note.sql";

const TEXT: &str = "-- Größe: why.\n-- Not rerunnable: it need not be.\nALTER TABLE users ADD COLUMN note text DEFAULT 'a -- b';\n/* c */ SELECT 1;\n\n-- Rollback:\n--   ALTER TABLE users DROP COLUMN note;\n--   -- Data loss: all notes.\n";

/// The second of December 2025.
fn gate() -> Gate {
    Gate {
        today: Day::from_unix(1_764_633_600),
        release: true,
    }
}

fn judge(lock_file: &LockFile, bytes: Vec<u8>) -> Vec<Problem> {
    let entries = [
        Entry::file(NAME, bytes),
        Entry::file("migrations.lock", lock_file.to_text()),
    ];
    check_sealed(&entries, gate()).problems
}

/// Each byte replaced, deleted, and another put before it. What else is wrong with the file then is told as well.
#[test]
fn each_edit_of_one_byte_of_a_sealed_file_stops_the_build_and_names_the_way_out() {
    let lock_file = sealed(&[(NAME, TEXT)]);
    assert_eq!(judge(&lock_file, TEXT.into()), []);
    let forward = TEXT.find("\n\n-- Rollback:").unwrap();
    let mut edits = 0;
    for at in 0..TEXT.len() {
        for byte in *b"x \n\0'\xff" {
            let mut replaced = TEXT.as_bytes().to_vec();
            replaced[at] = byte;
            let mut inserted = TEXT.as_bytes().to_vec();
            inserted.insert(at, byte);
            let mut deleted = TEXT.as_bytes().to_vec();
            deleted.remove(at);
            for edited in [replaced, inserted, deleted] {
                if edited == TEXT.as_bytes() {
                    continue;
                }
                edits += 1;
                let problems = judge(&lock_file, edited.clone());
                let shown = String::from_utf8_lossy(&edited);
                // The empty line between the two parts belongs to neither.
                if (forward..=forward + 2).contains(&at) {
                    continue;
                }
                assert_ne!(problems, [], "byte {at}: {shown}");
                if at < forward {
                    let told = problems
                        .iter()
                        .any(|problem| problem.rule == "sealed-forward" && problem.file == NAME);
                    assert!(told, "byte {at}: {shown}");
                }
            }
        }
    }
    assert!(edits > 3000, "{edits}");
}

#[test]
fn without_a_release_an_unsealed_file_is_a_warning() {
    let entries = [
        Entry::file(NAME, TEXT),
        Entry::file("migrations.lock", LockFile::default().to_text()),
    ];
    let debug = Gate {
        release: false,
        ..gate()
    };
    let outcome = check_sealed(&entries, debug);
    assert_eq!(outcome.problems, []);
    let warnings: Vec<String> = outcome.warnings.iter().map(Problem::render).collect();
    assert_eq!(
        warnings,
        [
            "migrations/2025_10_11_1_add_note.sql: this migration is not sealed: `cargo migration seal` proves it [unsealed]"
        ]
    );
    assert_eq!(
        check_sealed(&[], gate()).problems,
        [],
        "nothing is there to seal"
    );
}

#[test]
fn where_the_lock_file_is_wrong_nothing_is_held_to_it() {
    let entries = [
        Entry::file(NAME, TEXT),
        Entry::file("migrations.lock", *b"\xff\n"),
    ];
    let problems = check_sealed(&entries, gate()).problems;
    let shown: Vec<String> = problems.iter().map(Problem::render).collect();
    compare("no_text.txt", &(shown.join("\n") + "\n"));
}

#[test]
fn a_new_name_is_of_today_and_behind_the_newest() {
    let next = |newest: Option<&str>| {
        let newest = newest.map(|newest| FileName::parse(newest).unwrap());
        let next = FileName::next(newest.as_ref(), gate().today, "x").unwrap();
        assert!(
            newest.is_none_or(|newest| next.stem > newest.stem && next.version > newest.version)
        );
        next.stem
    };
    assert_eq!(next(None), "2025_12_02_1_x");
    assert_eq!(next(Some("2025_12_01_7_a.sql")), "2025_12_02_1_x");
    assert_eq!(next(Some("2025_12_02_7_a.sql")), "2025_12_02_8_x");
    assert_eq!(next(Some("2025_12_02_07_a.sql")), "2025_12_02_08_x");
    assert_eq!(next(Some("2025_12_02_09_a.sql")), "2025_12_02_10_x");
    assert_eq!(
        next(Some("2025_12_02_9_a.sql")),
        "2025_12_03_1_x",
        "10 sorts before 9"
    );
    assert_eq!(next(Some("2025_12_31_99_a.sql")), "2026_01_01_1_x");
    assert_eq!(
        next(Some("2028_02_28_9_a.sql")),
        "2028_02_29_1_x",
        "the clock is behind"
    );
    let wrong = FileName::next(None, gate().today, "Add x").unwrap_err();
    assert_eq!(
        wrong.to_string(),
        "`A` does not belong in a description: only a-z, 0-9 and `_` do: write `2025_12_02_1_add_x.sql`"
    );
    let end = FileName::parse("9999_12_31_9_a.sql").unwrap();
    assert!(FileName::next(Some(&end), gate().today, "x").is_err());
}

#[test]
fn a_day_is_that_of_the_calendar() {
    let days = [
        (0, "1970_01_01"),
        (86_399, "1970_01_01"),
        (951_782_400, "2000_02_29"),
        (4_107_542_399, "2100_02_28"),
        (4_107_542_400, "2100_03_01"),
        (1_764_633_600, "2025_12_02"),
    ];
    for (seconds, day) in days {
        assert_eq!(Day::from_unix(seconds).to_string(), day);
    }
    assert!(Day::from_unix(u64::MAX) > Day::from_unix(0));
}
