//! `migrations.lock`: its form, and that whatever is not as it was written is refused, at its place.
//!
//! `BLESS=1` rewrites the expected output in `tests/check/lock_file`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use dsentr_migrate::check::seal::{LockFile, Rows, Seal, schema_sha256};
use dsentr_migrate::source::TableLock;
use proptest::prelude::*;

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

fn empty(stem: &str) -> Seal {
    Seal {
        stem: stem.to_owned(),
        forward: [0x1a; 32],
        rollback: [0x2b; 32],
        schema: [0; 32],
        transaction: true,
        rerunnable: true,
        proven_on: BTreeSet::from([13, 18]),
        data_loss: Vec::new(),
        rollback_data_loss: Vec::new(),
        locks: BTreeMap::new(),
        rewrites: BTreeSet::new(),
        rows: BTreeMap::new(),
        added: BTreeMap::new(),
        changed: BTreeMap::new(),
        dropped: BTreeSet::new(),
    }
}

/// With the hashes of the whole schema that follow from the objects.
fn lock_file(mut seals: Vec<Seal>) -> LockFile {
    seals.sort_by(|a, b| a.stem.cmp(&b.stem));
    let mut objects = BTreeMap::new();
    for seal in &mut seals {
        seal.apply(&mut objects);
        seal.schema = schema_sha256(&objects);
    }
    LockFile::new(seals)
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
        ..empty("2025_10_11_1_create_users")
    };
    let second = Seal {
        transaction: false,
        rerunnable: false,
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
    let majors = prop::collection::btree_set(any::<u32>(), 1..4);
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
            proven_on,
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
