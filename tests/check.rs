//! The checker itself, checked: each rule by a file that passes and one that fails, a corpus of mistakes each caught at its
//! place, valid SQL that must not be accused, and arbitrary bytes.
//!
//! Expected output stands beside each file and is compared whole. `BLESS=1` rewrites it; the places in
//! `corpus/PLACES` are written by hand and never rewritten.

use dsentr_migrate::check::seal::LOCK_FILE;
use dsentr_migrate::check::{Entry, Gate, Outcome, Problem, RULES, check, check_sealed};
use dsentr_migrate::source::{Day, Excerpt, FileName, Location, Note, Span, Version};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

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

/// What the rules say of a fixture. Where there are seals, and for the rules of a release, the gate is asked.
fn judged(rule: &str, fixture: &Path) -> Vec<Problem> {
    let entries = entries(fixture);
    let release = ["unsealed", "unproven"].contains(&rule);
    if !release && entries.iter().all(|entry| entry.name != LOCK_FILE) {
        return check(&entries).problems;
    }
    let today = Day::from_unix(1_764_633_600);
    check_sealed(&entries, Gate { today, release }).problems
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
            let problems = judged(rule.name, &fixture);
            let name = file_name(&fixture);
            if name.starts_with("ok_") && !problems.is_empty() {
                wrong.push(format!(
                    "{}/{name} should pass:\n{}",
                    rule.name,
                    rendered(&problems)
                ));
            }
            if name.starts_with("err_") && fixture.extension().is_none_or(|ending| ending != "txt")
            {
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

/// The fixtures of unsafe DDL that a rule catches: the name of the rule and the text.
fn unsafe_ddl() -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    for rule in RULES.iter().filter(|rule| rule.can_be_allowed) {
        let fixtures = sorted(&fixtures("rules").join(rule.name));
        let wrong = fixtures.iter().filter(|path| {
            file_name(path).starts_with("err_") && path.extension().is_some_and(|e| e == "sql")
        });
        found.extend(wrong.map(|path| (rule.name, fs::read_to_string(path).unwrap())));
    }
    found
}

#[test]
fn an_allowance_with_a_reason_excuses_unsafe_ddl() {
    let fixtures = unsafe_ddl();
    assert!(!fixtures.is_empty());
    for (rule, sql) in fixtures {
        let allowed = format!("-- allow: {rule}: it is a test.\n{sql}");
        let [migration] = checked(&[Entry::file(NAME, allowed)]).try_into().unwrap();
        let [allowance] = migration.allowances.try_into().unwrap();
        assert_eq!(allowance.rule, rule);
        assert!(allowance.reason.starts_with("it is a test."));
        assert_eq!(allowance.span.start, 0);
    }
}

#[test]
fn unsafe_ddl_does_not_hide_in_a_do_block() {
    for (rule, sql) in unsafe_ddl() {
        let (forward, end) = sql.rsplit_once("\n\n").unwrap();
        // VACUUM cannot run in a block, and a block in a block would be another test.
        if forward.contains("VACUUM") || forward.contains("DO $$") {
            continue;
        }
        let hidden =
            format!("DO $hide$\nBEGIN\n{forward}\nEND\n$hide$;\n\n-- Data loss: no.\n\n{end}");
        let places = |text: &str| -> Vec<String> {
            let problems = check(&[Entry::file(NAME, text)]).problems;
            let unsafe_ddl = problems.iter().filter(|problem| problem.rule == rule);
            unsafe_ddl
                .map(|problem| text[problem.span.unwrap().range()].to_owned())
                .collect()
        };
        assert_eq!(places(&hidden), places(&sql), "{hidden}");
        assert!(!places(&sql).is_empty(), "{sql}");
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

/// One file with every piece that ends up in the table.
const WHOLE: &str = "-- Größe: a header. Not rerunnable: no, this is prose.
-- Not rerunnable: a type has
-- no IF NOT EXISTS.
CREATE TYPE plan AS ENUM ('größer; €', 'b') ;

-- Data loss: the old plans.
DELETE FROM plans /* ; */ ;;
DO $$ BEGIN NULL; END $$;

-- A last word.

-- Rollback:
--   -- Größer.
--   DROP TYPE plan;
--
--   DELETE FROM plans
--       WHERE name = '€;';
--   -- Data loss: all plans,
--   -- old and new.
";

fn checked(entries: &[Entry]) -> Vec<dsentr_migrate::check::Checked> {
    let Outcome {
        migrations,
        problems,
        ..
    } = check(entries);
    assert!(problems.is_empty(), "{}", rendered(&problems));
    migrations
}

#[test]
fn a_checked_file_knows_its_parts() {
    use dsentr_migrate::check::{Mode, Rollback};
    let entries = [Entry::file(
        "2025_10_11_07_größe.sql".replace("größe", "plans"),
        WHOLE,
    )];
    let [migration] = checked(&entries).try_into().unwrap();
    assert_eq!(migration.version, Version::new(2025, 10, 11, 7).unwrap());
    assert_eq!(migration.stem, "2025_10_11_07_plans");
    assert_eq!(migration.description, "plans");
    assert_eq!(migration.mode, Mode::Transaction);
    assert!(
        migration
            .forward
            .slice(WHOLE)
            .ends_with("$$;\n\n-- A last word.")
    );
    assert_eq!(migration.forward.start, 0);
    let statements: Vec<&str> = migration
        .statements
        .iter()
        .map(|span| span.slice(WHOLE))
        .collect();
    assert_eq!(
        statements,
        [
            "CREATE TYPE plan AS ENUM ('größer; €', 'b')",
            "DELETE FROM plans",
            "DO $$ BEGIN NULL; END $$"
        ]
    );
    assert_eq!(
        migration.not_rerunnable.as_deref(),
        Some("a type has no IF NOT EXISTS.")
    );
    assert_eq!(migration.data_loss, ["the old plans."]);
    let Rollback::Sql {
        block,
        statements,
        data_loss,
        ..
    } = &migration.rollback
    else {
        panic!("{:?}", migration.rollback);
    };
    assert!(
        block.slice(WHOLE).starts_with("--   -- Größer.\n")
            && block.slice(WHOLE).ends_with("-- old and new.")
    );
    let statements: Vec<&str> = statements.iter().map(|span| span.slice(WHOLE)).collect();
    assert_eq!(
        statements,
        [
            "DROP TYPE plan",
            "DELETE FROM plans\n--       WHERE name = '€;'"
        ]
    );
    assert_eq!(*data_loss, ["all plans, old and new."]);
}

#[test]
fn a_file_without_a_transaction_and_one_without_a_way_back_say_so() {
    use dsentr_migrate::check::{Mode, Rollback};
    let vacuum = "-- migrate: no-transaction\nVACUUM public.users;\n\n-- Nothing to undo: it only\n-- tidies up.\n";
    let delete = "-- Data loss: all.\nDELETE FROM users;\n\n-- Rollback:\n--   Irreversible: they are gone.\n";
    let entries = [
        Entry::file("2025_10_12_1_delete.sql", delete),
        Entry::file("2025_10_11_1_vacuum.sql", vacuum),
    ];
    let [vacuum, delete] = checked(&entries).try_into().unwrap();
    assert_eq!(vacuum.mode, Mode::NoTransaction);
    assert_eq!(
        vacuum.rollback,
        Rollback::NothingToUndo {
            reason: "it only tidies up.".to_owned()
        }
    );
    assert_eq!(delete.mode, Mode::Transaction);
    assert_eq!(
        delete.rollback,
        Rollback::Irreversible {
            reason: "they are gone.".to_owned()
        }
    );
}

#[test]
fn a_file_may_say_how_long_one_try_waits_for_a_table_lock() {
    let waits = |header: &str| {
        let sql = format!("{header}SELECT 1;\n\n-- Nothing to undo: it only looks.\n");
        checked(&[Entry::file(NAME, sql)])[0].lock_timeout
    };
    assert_eq!(waits(""), None);
    for (time, milliseconds) in [
        ("1ms", 1),
        ("500ms", 500),
        ("10s", 10_000),
        ("2m", 120_000),
        ("2min", 120_000),
        ("1h", 3_600_000),
        ("1m 30s", 90_000),
        (" 1m30s  5 ms ", 90_005),
        ("0s 007s", 7_000),
        ("2147483647ms", 2_147_483_647),
    ] {
        let header = format!("-- Patient.\n-- migrate: lock-timeout={time}\n");
        let expected = Some(Duration::from_millis(milliseconds));
        assert_eq!(waits(&header), expected, "{time}");
    }
    let problems = |time: &str| {
        let sql =
            format!("-- migrate: lock-timeout={time}\nSELECT 1;\n\n-- Nothing to undo: no.\n");
        check(&[Entry::file(NAME, sql)]).problems.len()
    };
    for time in [
        "2147483648ms",
        "99999999999999999999h",
        "0ms",
        "s",
        "10S",
        "10s,",
        "1 0s",
        "+1s",
    ] {
        assert_eq!(problems(time), 1, "{time}");
    }
}

#[test]
fn what_a_cut_off_statement_leaves_has_the_names_of_the_catalogue() {
    use dsentr_migrate::check::{Relation, Residue};
    let relation = |schema: &str, name: &str| Relation {
        schema: schema.to_owned(),
        name: name.to_owned(),
    };
    let long = "ä".repeat(40);
    let left = |statement: &str| {
        let sql = format!(
            "-- migrate: no-transaction\nVACUUM;\n-- Not rerunnable: it is not.\n{statement};\n\n-- Irreversible: no.\n"
        );
        let [migration] = checked(&[Entry::file(NAME, sql)]).try_into().unwrap();
        migration.residues
    };
    let detach = |parent, partition| Residue::Detach { parent, partition };
    let expected = [
        (
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS Plain_Idx ON public.Users (Lower(name)) WHERE name <> ''".to_owned(),
            Residue::Index(relation("public", "plain_idx")),
        ),
        (
            "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS \"Odd \"\"one\"\".€\" ON ONLY \"Other.schema\" . /* x */ \"T\" (b)".to_owned(),
            Residue::Index(relation("Other.schema", "Odd \"one\".€")),
        ),
        (
            format!("CREATE INDEX CONCURRENTLY IF NOT EXISTS {long} ON dsentr.Audit.log (a)"),
            Residue::Index(relation("audit", &long[..62])),
        ),
        (
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS U&\"d!0061t\" UESCAPE '!' ON ÄB.log (a)".to_owned(),
            Residue::Index(relation("Äb", "dat")),
        ),
        (
            "DROP INDEX CONCURRENTLY IF EXISTS Audit.\"Old\" RESTRICT".to_owned(),
            Residue::DroppedIndex(relation("audit", "Old")),
        ),
        ("REINDEX TABLE CONCURRENTLY public.a".to_owned(), Residue::Reindex),
        ("REINDEX (CONCURRENTLY, VERBOSE) SCHEMA public".to_owned(), Residue::Reindex),
        (
            "ALTER TABLE Audit.log DETACH PARTITION \"Old years\".log_2024 CONCURRENTLY".to_owned(),
            detach(relation("audit", "log"), relation("Old years", "log_2024")),
        ),
        (
            "ALTER TABLE IF EXISTS public.\"Log\" DETACH PARTITION public.log_2024 CONCURRENTLY".to_owned(),
            detach(relation("public", "Log"), relation("public", "log_2024")),
        ),
    ];
    for (statement, residue) in expected {
        assert_eq!(left(&statement), [(1, residue)], "{statement}");
    }
    for nothing in [
        "VACUUM public.a",
        "-- allow: reindex: nobody is there.\nREINDEX SCHEMA public",
        "ALTER SYSTEM SET work_mem = '8MB'",
        "CALL fill()",
        "CREATE DATABASE d",
    ] {
        assert_eq!(left(nothing), [], "{nothing}");
    }
}

#[test]
fn in_a_transaction_nothing_is_left() {
    let sql = "-- Not rerunnable: a partition is detached once.
-- allow: create-index: a is small.
-- allow: drop-index: c is not used.
-- allow: reindex: a is small.
-- allow: detach-partition: nobody is there.
CREATE INDEX IF NOT EXISTS a_b_idx ON public.a (b);
DROP INDEX IF EXISTS public.c;
REINDEX TABLE public.a;
ALTER TABLE public.a DETACH PARTITION public.a_1;
ALTER TABLE public.a DETACH PARTITION public.a_2 FINALIZE;

-- Irreversible: no.
";
    assert_eq!(checked(&[Entry::file(NAME, sql)])[0].residues, []);
}

#[test]
fn the_checksum_is_the_one_of_refinery_and_ignores_the_rollback_block() {
    let other_block = WHOLE.replace("-- Größer.", "-- Smaller.");
    let name = "2025_10_11_1_plans.sql";
    let one = &checked(&[Entry::file(name, WHOLE)])[0];
    let other = &checked(&[Entry::file(name, other_block)])[0];
    assert_eq!(one.checksum, other.checksum);
    assert_ne!(one.sha256, other.sha256);
    let stock =
        refinery::Migration::unapplied("V2025101101__plans", one.forward.slice(WHOLE)).unwrap();
    assert_eq!(one.checksum, stock.checksum());
    assert_eq!(one.version.as_i64(), stock.version());
    assert_eq!(one.description, stock.name());
}

#[test]
fn leaked_files_have_the_form_of_embedded_ones() {
    use dsentr_migrate::embedded::{Rollback, leak};
    let entries = [Entry::file("2025_10_11_1_plans.sql", WHOLE)];
    let [migration] = leak(&entries, &checked(&entries)) else {
        panic!("one file went in")
    };
    assert_eq!(migration.text(), WHOLE);
    assert_eq!(migration.path(), "migrations/2025_10_11_1_plans.sql");
    assert!(WHOLE.starts_with(migration.forward_sql()));
    let sql = migration.rollback_sql().unwrap();
    let Rollback::Sql {
        block, statements, ..
    } = migration.rollback
    else {
        panic!("it has SQL")
    };
    assert_eq!(sql.len(), block.len());
    let uncommented =
        |span: &Span| &sql[(span.start - block.start) as usize..(span.end - block.start) as usize];
    let statements: Vec<&str> = statements.iter().map(uncommented).collect();
    assert_eq!(
        statements,
        [
            "DROP TYPE plan",
            "DELETE FROM plans\n         WHERE name = '€;'"
        ]
    );
}

#[test]
fn what_is_embedded_is_what_is_in_the_folder() {
    use dsentr_migrate::embedded::{FILES, MIGRATIONS, Migration, leak_sealed};
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let entries = entries(&folder);
    let gate = Gate {
        today: Day::from_unix(0),
        release: false,
    };
    let outcome = check_sealed(&entries, gate);
    assert_eq!(rendered(&outcome.problems), "");
    let fresh = leak_sealed(&entries, &outcome.migrations, &outcome.lock_file);
    for (embedded, fresh) in MIGRATIONS.iter().zip(fresh) {
        // Where the text is differs; what it is comes below.
        let fresh = Migration {
            file: embedded.file,
            ..*fresh
        };
        assert_eq!(format!("{embedded:#?}"), format!("{fresh:#?}"));
    }
    assert_eq!(MIGRATIONS.len(), fresh.len());
    let staged = FILES.files().map(|file| file.path().to_owned());
    let staged: Vec<_> = staged
        .filter(|path| path.extension().is_some_and(|ending| ending == "sql"))
        .collect();
    assert_eq!(staged.len(), MIGRATIONS.len());
    for ((embedded, fresh), staged) in MIGRATIONS.iter().zip(fresh).zip(staged) {
        assert_eq!(format!("migrations/{}", staged.display()), embedded.path());
        assert_eq!(embedded.text(), fresh.text());
    }
    assert!(MIGRATIONS.is_sorted_by_key(|migration| migration.version));
}

#[test]
fn a_version_reads_what_it_prints() {
    let version = Version::new(2025, 10, 11, 1).unwrap();
    assert_eq!(version.as_i64(), 2_025_101_101);
    assert_eq!(version.to_string(), "2025_10_11_1");
    for text in ["2025_10_11_1", "2025_10_11_01", "2025101101"] {
        assert_eq!(text.parse(), Ok(version), "{text}");
    }
    assert_eq!(
        "2025_10_11_12".parse::<Version>().unwrap().to_string(),
        "2025_10_11_12"
    );
    assert_eq!(
        "2024_02_29_1".parse::<Version>().unwrap().as_i64(),
        2_024_022_901
    );
    for foreign in [
        0,
        1,
        -1,
        20_251_011,
        2_025_101_100,
        2_025_022_901,
        i64::MIN,
        i64::MAX,
    ] {
        assert!(!Version::from_i64(foreign).is_real());
        assert_eq!(Version::from_i64(foreign).to_string(), foreign.to_string());
    }
}

#[test]
fn what_is_no_version_is_told_why() {
    let told = |text: &str| text.parse::<Version>().unwrap_err().to_string();
    let expected = [
        (
            "",
            "`` is no version: it needs ten digits, or parts joined by `_`; versions look like 2025_10_11_1",
        ),
        (
            "2025_10_11",
            "`2025_10_11` is no version: it needs year, month, day and counter, joined by `_`; versions look like 2025_10_11_1",
        ),
        (
            "25_10_11_1",
            "`25_10_11_1` is no version: the year needs four digits; versions look like 2025_10_11_1",
        ),
        (
            "2025_9_16_1",
            "`2025_9_16_1` is no version: the month needs two digits; versions look like 2025_10_11_1",
        ),
        (
            "2025_09_6_1",
            "`2025_09_6_1` is no version: the day needs two digits; versions look like 2025_10_11_1",
        ),
        (
            "2025_09_06_100",
            "`2025_09_06_100` is no version: the counter needs one or two digits; versions look like 2025_10_11_1",
        ),
        (
            "2025_09_06_0",
            "`2025_09_06_0` is no version: the counter starts at 1; versions look like 2025_10_11_1",
        ),
        (
            "2025_02_29_1",
            "`2025_02_29_1` is no version: there is no such date; versions look like 2025_10_11_1",
        ),
        (
            "2025022901",
            "`2025022901` is no version: there is no such date and counter; versions look like 2025_10_11_1",
        ),
        (
            "+025101101",
            "`+025101101` is no version: it needs ten digits, or parts joined by `_`; versions look like 2025_10_11_1",
        ),
    ];
    for (text, message) in expected {
        assert_eq!(told(text), message);
    }
}

#[test]
fn an_excerpt_shows_the_place_and_what_is_said() {
    let text = "SELECT 1;\nUPDATE issue_report_messagez;\n\tSELECT 'größe', 1 +;\n";
    let notes = [
        Note::new("hint", "Perhaps you meant something else.\nOr not."),
        Note::new("note", "1 migration stays."),
    ];
    let excerpt = Excerpt {
        title: "2025_12_01_2_issue_message_reads failed",
        path: "migrations/2025_12_01_2_issue_message_reads.sql",
        text,
        span: Some(Span::new(17, 37)),
        label: "42P01: relation \"issue_report_messagez\" does not exist",
        notes: &notes,
    };
    assert_eq!(
        excerpt.render(false),
        "error: 2025_12_01_2_issue_message_reads failed
 --> migrations/2025_12_01_2_issue_message_reads.sql:2:8
  |
2 | UPDATE issue_report_messagez;
  |        ^^^^^^^^^^^^^^^^^^^^ 42P01: relation \"issue_report_messagez\" does not exist
  |
  = hint: Perhaps you meant something else.
          Or not.
  = note: 1 migration stays."
    );
    assert!(excerpt.render(true).contains("\u{1b}["));
    let end = Excerpt {
        span: Some(Span::new(9999, 9999)),
        label: "",
        notes: &[],
        ..excerpt.clone()
    };
    assert_eq!(
        end.place(),
        "migrations/2025_12_01_2_issue_message_reads.sql:4:1"
    );
    let whole = Excerpt {
        span: None,
        notes: &notes[1..],
        ..excerpt
    };
    assert_eq!(
        whole.render(false),
        "error: 2025_12_01_2_issue_message_reads failed
--> migrations/2025_12_01_2_issue_message_reads.sql
 = note: 1 migration stays."
    );
}

#[test]
fn columns_are_counted_in_characters() {
    let text = "a\n\tgröß€🧾x\n";
    let at = |needle: &str| {
        Location::of(text, u32::try_from(text.find(needle).unwrap()).unwrap()).to_string()
    };
    assert_eq!(
        [at("a"), at("g"), at("ß"), at("€"), at("x")],
        ["1:1", "2:2", "2:5", "2:6", "2:8"]
    );
}

/// Brackets nested deeper than any stack: the parser is recursive, and a build must not die of it.
#[test]
fn deep_nesting_is_a_problem_and_no_crash() {
    for (open, close) in [
        ("(", ")"),
        ("CASE WHEN ", " END"),
        ("- ", ""),
        ("NOT ", ""),
        ("ARRAY[", "]"),
    ] {
        let sql = format!(
            "SELECT {}1{};\n\n-- Nothing to undo: x.\n",
            open.repeat(2_000),
            close.repeat(2_000)
        );
        check(&[Entry::file(NAME, sql)]);
    }
}

mod arbitrary {
    //! No bytes make the checker panic or point outside of the file.

    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::{Index, select};

    /// All SQL we have: the migrations and the fixtures.
    fn seeds() -> Vec<Vec<u8>> {
        let migrations = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
        let mut folders = vec![migrations, fixtures("corpus"), fixtures("valid")];
        folders.extend(sorted(&fixtures("rules")));
        let files = folders
            .iter()
            .flat_map(|folder| sorted(folder))
            .filter(|file| file.extension().is_some_and(|e| e == "sql"));
        files.map(|file| fs::read(file).unwrap()).collect()
    }

    fn judge(name: &str, bytes: &[u8]) {
        let Outcome {
            migrations,
            problems,
            ..
        } = check(&[Entry::file(name, bytes)]);
        for problem in &problems {
            if let Some(span) = problem.span {
                assert!(
                    span.start <= span.end && span.end as usize <= bytes.len(),
                    "{problem:?}"
                );
                if let Ok(text) = std::str::from_utf8(bytes) {
                    assert!(text.get(span.range()).is_some(), "{problem:?}");
                }
            }
            let lines = problem.lines();
            assert!(
                lines.iter().all(|line| !line.contains(['\n', '\r'])),
                "{lines:?}"
            );
        }
        for migration in migrations {
            let text = std::str::from_utf8(bytes).unwrap();
            assert!(text.get(migration.forward.range()).is_some());
            assert!(
                migration
                    .statements
                    .iter()
                    .all(|span| text.get(span.range()).is_some())
            );
            let residues = migration.residues.iter().map(|(nth, _)| *nth);
            assert!(residues.clone().is_sorted_by(|a, b| a < b));
            assert!(residues.clone().all(|nth| nth < migration.statements.len()));
        }
    }

    /// Pieces that change what follows them.
    const PIECES: [&str; 40] = [
        "'",
        "\"",
        "$$",
        "$a$",
        "/*",
        "*/",
        "--",
        "\n",
        ";",
        "(",
        ")",
        "BEGIN",
        "END",
        "INTO",
        "E'\\",
        "U&'\\",
        "\\",
        "\0",
        "\r",
        "\u{feff}",
        "ß",
        "🧾",
        "-- Rollback:\n",
        "--   ",
        "DO $$ BEGIN ",
        "EXECUTE '%",
        "CASE",
        "%1$L",
        "EXECUTE '",
        "' || a || '",
        "EXECUTE format('",
        "CREATE INDEX ON a (b)",
        "CREATE TABLE a (b int)",
        "ALTER TABLE a",
        "ADD COLUMN b serial DEFAULT random() CHECK",
        "ADD CONSTRAINT c UNIQUE",
        "VALIDATE CONSTRAINT c",
        "ALTER COLUMN b SET NOT NULL",
        "DROP COLUMN b, RENAME TO c",
        "-- allow: create-index: ß\n",
    ];

    proptest! {
        #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn bytes(bytes in vec(any::<u8>(), 0..400)) {
            judge(NAME, &bytes);
        }

        #[test]
        fn text(text in "\\PC{0,200}\n?", name in "\\PC{0,30}") {
            judge(NAME, text.as_bytes());
            judge(&format!("{name}.sql"), text.as_bytes());
        }

        #[test]
        fn words(words in vec(select(&PIECES[..]), 0..40)) {
            judge(NAME, words.join(" ").as_bytes());
        }

        /// As far as it can be parsed the linter sees it, and the strings of EXECUTE it sees in any case.
        #[test]
        fn dynamic(words in vec(select(&PIECES[..]), 0..12), cut in any::<Index>()) {
            let words = words.join(" ").replace('\'', "''");
            let cut = words.floor_char_boundary(cut.index(words.len() + 1));
            let sql = format!("DO $x$ BEGIN EXECUTE '{}' || 'ß' || format('{}', a); END $x$;", &words[..cut], words);
            judge(NAME, sql.as_bytes());
            judge(NAME, format!("{sql}\n\n-- Irreversible: no.\n").as_bytes());
        }

        #[test]
        fn mutated_files(seed in select(seeds()), edits in vec((any::<Index>(), 0..30_usize, select(&PIECES[..])), 1..6)) {
            let mut bytes = seed;
            for (at, cut, piece) in edits {
                let at = at.index(bytes.len() + 1);
                let end = bytes.len().min(at + cut);
                bytes.splice(at..end, piece.bytes());
            }
            judge(NAME, &bytes);
        }

        #[test]
        fn excerpts(text in "(?s).{0,80}", title in "(?s).{0,20}", start in 0..200_u32, length in 0..200_u32, note in "(?s).{0,20}") {
            let notes = [Note::help(note)];
            for span in [None, Some(Span::new(start, start + length))] {
                let excerpt = Excerpt { title: &title, path: &title, text: &text, span, label: &title, notes: &notes };
                excerpt.render(true);
                excerpt.render_body(false);
                excerpt.place();
            }
        }
    }

    #[test]
    fn file_names_are_judged_whatever_they_are() {
        for name in [
            "",
            ".sql",
            "_.sql",
            "2025.sql",
            "2025_10_11_1_ä.sql",
            "\u{202e}.sql",
            "9999999999999999999_1_1_1_a.sql",
        ] {
            assert!(FileName::parse(name).is_err(), "{name}");
            check(&[Entry::file(name, "x")]);
        }
    }
}
