//! The gate in real builds: a copy of the project, real `cargo`, files that change.
//!
//! What each rule says is tested in `check.rs`; here it is that cargo shows it, stops, and notices what changed. `BLESS=1`
//! rewrites the expected output.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, MutexGuard};

use dsentr_migrate::check::seal::LockFile;
use support::sealed::sealed;
use support::two::{FIRST, SECOND};

/// The builds share one folder and one target folder, so that the dependencies are compiled once.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

const FIRST_NAME: &str = "2025_10_11_1_first.sql";
const SECOND_NAME: &str = "2025_10_11_2_second.sql";

/// Prints what is embedded.
const MAIN: &str = r#"//! Prints what is embedded.
use copied_project::embedded::{FILES, MIGRATIONS};
fn main() {
    for (migration, file) in MIGRATIONS.iter().zip(FILES.files()) {
        assert_eq!(Some(migration.text()), file.contents_utf8());
        println!("{} {} {:?}", migration.version, file.path().display(), migration.forward_sql());
        if migration.lock_timeout.is_some() || !migration.residues.is_empty() {
            println!("{:?} {:?}", migration.lock_timeout, migration.residues);
        }
        if let Some(seal) = migration.seal.filter(|seal| !seal.added.is_empty()) {
            println!("{:?} {seal:?}", migration.allowances);
        }
    }
    let migrations = FILES.files().filter(|file| file.path() != std::path::Path::new("migrations.lock"));
    assert_eq!(migrations.count(), MIGRATIONS.len());
}
"#;

const LIB: &str = "//! The part of the project that embeds.\npub mod embedded;\npub mod source;\n";

/// A copy of the project with migrations of its own.
struct Project {
    folder: PathBuf,
    /// Held while the test runs: all of them build in the same place.
    _turn: MutexGuard<'static, ()>,
}

impl Project {
    /// With `first` and `second` in `migrations/`.
    fn new() -> Self {
        let turn = ONE_AT_A_TIME
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("gate");
        if folder.exists() {
            fs::remove_dir_all(&folder).unwrap();
        }
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let project = Self {
            folder,
            _turn: turn,
        };
        for item in [
            "Cargo.lock",
            "build.rs",
            "src/check",
            "src/origin.rs",
            "src/source",
            "src/staging.rs",
            "src/embedded.rs",
        ] {
            copy(&root.join(item), &project.path(item));
        }
        let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
        project.write("Cargo.toml", &small(&manifest));
        project.write("src/lib.rs", LIB);
        project.write("src/main.rs", MAIN);
        project.write("migrations/2025_10_11_1_first.sql", FIRST);
        project.write("migrations/2025_10_11_2_second.sql", SECOND);
        project
    }

    fn path(&self, item: &str) -> PathBuf {
        self.folder.join(item)
    }

    fn write(&self, item: &str, text: &str) {
        let path = self.path(item);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
    }

    fn remove(&self, item: &str) {
        fs::remove_file(self.path(item)).unwrap();
    }

    fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).unwrap();
    }

    /// Writes `migrations.lock` for the first two.
    fn seal(&self) {
        self.write_lock(&sealed(&[(FIRST_NAME, FIRST), (SECOND_NAME, SECOND)]));
    }

    fn write_lock(&self, lock_file: &LockFile) {
        self.write("migrations/migrations.lock", &lock_file.to_text());
    }

    /// What the build script has to say about a build that succeeds.
    fn warnings(&self, arguments: &[&str]) -> String {
        let output = self.cargo_with("check", arguments);
        assert!(output.status.success(), "{}", stderr(&output));
        said(&output)
    }

    /// The commit that a build to be released is told to come from.
    fn commit(&self, given: &str) -> String {
        let mut cargo = self.command("check", &["--release"]);
        let script = script(cargo.env("SOURCE_COMMIT", given));
        let env = script["env"].as_array().unwrap();
        let commit = env.iter().find(|pair| pair[0] == "ORIGIN_COMMIT");
        commit.unwrap()[1].as_str().unwrap().to_owned()
    }

    /// The folder that the build script fills.
    fn out(&self) -> PathBuf {
        let script = script(&mut self.command("check", &[]));
        script["out_dir"].as_str().unwrap().into()
    }

    /// The files that a build judges, and whether it succeeds.
    fn judged(&self) -> (Vec<String>, bool) {
        let output = self.cargo_with("check", &["-vv"]);
        let shown = String::from_utf8_lossy(&output.stdout).into_owned() + &stderr(&output);
        let lines = shown.lines();
        let judged = lines.filter_map(|line| {
            line.strip_prefix("[copied-project 0.1.0] judged \"")?
                .strip_suffix('"')
        });
        let mut judged: Vec<String> = judged.map(str::to_owned).collect();
        judged.sort();
        (judged, output.status.success())
    }

    /// Makes the next build run the build script.
    fn touch(&self) {
        self.write(&format!("migrations/{FIRST_NAME}"), FIRST);
    }

    /// What git prints in the project's folder, whoever runs the test.
    fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .args(["-c", "user.name=a", "-c", "user.email=a@b.c"])
            .args(arguments)
            .current_dir(&self.folder)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn cargo(&self, command: &str) -> Output {
        self.cargo_with(command, &[])
    }

    fn cargo_with(&self, command: &str, arguments: &[&str]) -> Output {
        self.command(command, arguments).output().unwrap()
    }

    fn command(&self, command: &str, arguments: &[&str]) -> Command {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("gate-target");
        let mut cargo = Command::new(env!("CARGO"));
        cargo
            .args([command, "--offline", "--color=never"])
            .args(arguments)
            .current_dir(&self.folder)
            .env("CARGO_TARGET_DIR", target)
            .env("CARGO_INCREMENTAL", "1")
            .env_remove("RUSTFLAGS")
            .env("RUST_BACKTRACE", "1");
        cargo
    }

    /// What is embedded, a line for each file.
    fn embedded(&self) -> Vec<String> {
        let output = self.cargo("run");
        assert!(output.status.success(), "{}", stderr(&output));
        String::from_utf8(output.stdout)
            .unwrap()
            .lines()
            .map(str::to_owned)
            .collect()
    }

    /// What a build that must fail says, without cargo's own account of its progress.
    fn errors(&self) -> String {
        self.errors_with(&[])
    }

    fn errors_with(&self, arguments: &[&str]) -> String {
        let output = self.cargo_with("check", arguments);
        assert_eq!(output.status.code(), Some(101), "the build should stop");
        said(&output)
    }

    /// Whether a build finds something to do for this project.
    fn rebuilds(&self) -> bool {
        let output = self.cargo("build");
        assert!(output.status.success(), "{}", stderr(&output));
        stderr(&output).contains("Compiling copied-project")
    }
}

/// What cargo tells of the build script of the copy.
fn script(command: &mut Command) -> serde_json::Value {
    let output = command.arg("--message-format=json").output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let messages = String::from_utf8(output.stdout).unwrap();
    let mut messages = messages
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    let is_ours = |message: &serde_json::Value| {
        let package = message["package_id"].as_str().unwrap_or_default();
        message["reason"] == "build-script-executed"
            && package.ends_with("gate#copied-project@0.1.0")
    };
    messages.find(is_ours).expect("it has a build script")
}

/// What the library of the copy and its build script use.
const NEEDED: [&str; 10] = [
    "annotate-snippets",
    "include_dir",
    "rowan",
    "serde",
    "serde_json",
    "sha2",
    "siphasher",
    "squawk-linter",
    "squawk-syntax",
    "toml",
];

/// The manifest without what neither the checks nor the embedding need: no database client is compiled for these tests.
fn small(manifest: &str) -> String {
    let mut section = String::new();
    let mut small = String::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            line.clone_into(&mut section);
        }
        let keep = match section.as_str() {
            "[dependencies]" | "[build-dependencies]" => {
                line.starts_with('[')
                    || NEEDED
                        .iter()
                        .any(|name| line.starts_with(&format!("{name} =")))
            }
            // Its target is not copied.
            "[package]" => !line.starts_with("default-run"),
            "[features]" => true,
            section => {
                let package = section.split_once(".package.");
                section.starts_with("[profile")
                    && package
                        .is_none_or(|(_, package)| NEEDED.contains(&package.trim_end_matches(']')))
            }
        };
        if keep {
            let line = line.replace("= \"dsentr-migrate\"", "= \"copied-project\"");
            small.push_str(&if section == "[features]" {
                of_needed(&line)
            } else {
                line
            });
            small.push('\n');
        }
    }
    small
}

/// A feature turns on what is there.
fn of_needed(line: &str) -> String {
    let Some((name, list)) = line.split_once(" = [") else {
        return line.to_owned();
    };
    let is_needed = |entry: &&str| {
        let name = entry.trim_matches('"').strip_prefix("dep:");
        name.is_none_or(|name| NEEDED.contains(&name))
    };
    let entries: Vec<&str> = list
        .trim_end_matches(']')
        .split(", ")
        .filter(is_needed)
        .collect();
    format!("{name} = [{}]", entries.join(", "))
}

fn copy(from: &Path, to: &Path) {
    if from.is_file() {
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(from, to).unwrap();
        return;
    }
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        copy(&entry.path(), &to.join(entry.file_name()));
    }
}

/// What was printed, without cargo's own account of its progress.
fn said(output: &Output) -> String {
    let shown = stderr(output);
    let progress = |line: &&str| !line.trim_start().starts_with(char::is_uppercase);
    let said = shown.lines().filter(progress);
    said.flat_map(|line| [line, "\n"]).collect()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn compare(name: &str, actual: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/check")
        .join(name);
    if std::env::var_os("BLESS").is_some() {
        fs::write(&file, actual).unwrap();
    }
    let expected = fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(
        actual, expected,
        "read it, and if it is better than before run `BLESS=1 cargo test --test build`"
    );
}

#[test]
fn broken_files_stop_the_build_with_all_problems_at_once() {
    let project = Project::new();
    project.write(
        "migrations/2025_10_11_2_second.sql",
        "-- Größe: mit Umlauten\nCREATE TABEL b (c int);\n",
    );
    project.write(
        "migrations/2025_10_11_3_third.sql",
        "DO $$\nBEGIN\n\tUPDATE a SET b = 'ü' + ;\nEND\n$$;\n\n-- Nothing to undo: x.\n",
    );
    project.write(
        "migrations/2025_9_1_1_fourth.sql",
        &FIRST.replace('\n', "\r\n"),
    );
    project.write("migrations/notes.txt", "Nothing.\n");
    fs::create_dir(project.path("migrations/old")).unwrap();
    let shown = stderr(&project.cargo("check"));
    for noise in [
        "panicked",
        "backtrace",
        "--- stderr",
        "--- stdout",
        "src/check",
        "exit status",
    ] {
        assert!(!shown.contains(noise), "{shown}");
    }
    compare("broken_build.txt", &project.errors());
}

#[test]
fn a_folder_that_cannot_be_read_is_named() {
    let project = Project::new();
    fs::remove_dir_all(project.path("migrations")).unwrap();
    assert_eq!(
        project.errors(),
        "error: copied-project@0.1.0: migrations: No such file or directory (os error 2)\nerror: build script logged errors\n"
    );
}

#[test]
fn each_change_in_the_folder_is_in_the_next_build_and_nothing_else_makes_one() {
    let project = Project::new();
    let first = "2025_10_11_1 2025_10_11_1_first.sql \"CREATE TABLE IF NOT EXISTS a (b int);\"";
    let second =
        "2025_10_11_2 2025_10_11_2_second.sql \"CREATE OR REPLACE VIEW a_b AS SELECT b FROM a;\"";
    assert_eq!(project.embedded(), [first, second]);

    assert!(!project.rebuilds(), "nothing was touched");
    project.write("README.md", "Outside of the folder.\n");
    project.write("docs/2025_10_11_9_x.sql", "SELECT 1;\n");
    assert!(!project.rebuilds(), "a file outside was touched");

    let third = "SELECT 3;\n\n-- Nothing to undo: it only looks.\n";
    project.write("migrations/2025_10_11_3_third.sql", third);
    let new = "2025_10_11_3 2025_10_11_3_third.sql \"SELECT 3;\"";
    assert_eq!(project.embedded(), [first, second, new], "a new file");

    project.write(
        "migrations/2025_10_11_3_third.sql",
        &third.replace('3', "4"),
    );
    let changed = "2025_10_11_3 2025_10_11_3_third.sql \"SELECT 4;\"";
    assert_eq!(
        project.embedded(),
        [first, second, changed],
        "a changed file"
    );

    project.rename(
        "migrations/2025_10_11_3_third.sql",
        "migrations/2025_10_12_1_third.sql",
    );
    let renamed = "2025_10_12_1 2025_10_12_1_third.sql \"SELECT 4;\"";
    assert_eq!(
        project.embedded(),
        [first, second, renamed],
        "a renamed file"
    );

    project.write("migrations/2025_10_12_1_third.sql", "SELEKT 4;\n");
    assert!(
        project
            .errors()
            .contains("migrations/2025_10_12_1_third.sql:1:1: unexpected `SELEKT`"),
        "{}",
        project.errors()
    );
    project.remove("migrations/2025_10_12_1_third.sql");
    assert_eq!(
        project.embedded(),
        [first, second],
        "a broken file, then a deleted one"
    );
    assert!(!project.rebuilds(), "nothing was touched since");
}

/// What the project's own migrations may not happen to need is written into the table all the same.
#[test]
fn what_the_runtime_must_know_is_embedded_as_it_was_checked() {
    use dsentr_migrate::check::{Entry, check};
    const NAME: &str = "2025_10_11_3_third.sql";
    const THIRD: &str = r#"-- Not rerunnable: a partition is detached once.
-- migrate: lock-timeout=1h 5ms
-- migrate: no-transaction
VACUUM public.a;
CREATE INDEX CONCURRENTLY IF NOT EXISTS "Größe ""x""\" ON "Other".a (b);
DROP INDEX CONCURRENTLY IF EXISTS public.A_b_idx;
REINDEX TABLE CONCURRENTLY public.a;
ALTER TABLE public.a DETACH PARTITION "Other".a_1 CONCURRENTLY;

-- Nothing to undo: it is only a fixture.
"#;
    let project = Project::new();
    project.write(&format!("migrations/{NAME}"), THIRD);
    let entries = [Entry::file(NAME, THIRD)];
    let checked = check(&entries).migrations;
    let [leaked] = dsentr_migrate::embedded::leak(&entries, &checked) else {
        panic!("one file went in, and it is right");
    };
    assert_eq!(leaked.residues.len(), 4);
    assert_eq!(
        project.embedded()[3..],
        [format!("{:?} {:?}", leaked.lock_timeout, leaked.residues)]
    );
}

#[test]
fn a_build_judges_what_changed_and_nothing_else() {
    let project = Project::new();
    let out = project.out();
    let all = [FIRST_NAME, SECOND_NAME].map(str::to_owned);
    let none: [String; 0] = [];
    let third = ["2025_10_11_3_third.sql".to_owned()];
    let third_path = format!("migrations/{}", third[0]);

    fs::remove_file(out.join("verdicts")).unwrap();
    project.touch();
    assert_eq!(project.judged(), (all.to_vec(), true), "nothing is known");
    project.touch();
    assert_eq!(project.judged(), (none.to_vec(), true), "all is known");

    let staged = out.join("migrations").join(FIRST_NAME);
    let written = || fs::metadata(&staged).unwrap().modified().unwrap();
    let before = written();
    project.write(&third_path, "SELECT 3;\n\n-- Nothing to undo: a.\n");
    assert_eq!(project.judged(), (third.to_vec(), true), "a new file");
    project.write(&third_path, "SELECT 4;\n\n-- Nothing to undo: a.\n");
    assert_eq!(project.judged(), (third.to_vec(), true), "an edited file");
    assert_eq!(written(), before, "what is the same is left alone");

    project.write(&third_path, "SELEKT 4;\n");
    assert_eq!(project.judged(), (third.to_vec(), false), "a broken file");
    let told = project.errors();
    assert!(told.contains("unexpected `SELEKT`"), "{told}");
    assert_eq!(project.judged(), (third.to_vec(), false), "it is still");
    assert_eq!(project.errors(), told);
    project.remove(&third_path);
    assert_eq!(project.judged(), (none.to_vec(), true), "it is gone");
    assert!(!out.join(&third_path).exists());

    let kept = fs::read(out.join("verdicts")).unwrap();
    fs::write(out.join("verdicts"), &kept[..kept.len() - 1]).unwrap();
    project.touch();
    assert_eq!(project.judged(), (all.to_vec(), true), "a damaged file");
    assert_eq!(fs::read(out.join("verdicts")).unwrap(), kept);

    let rule = fs::read_to_string(project.path("src/check/bytes.rs")).unwrap();
    let other = rule.replacen(
        "is_too_deep(bytes: &[u8]) -> bool {",
        "is_too_deep(bytes: &[u8]) -> bool {\nif bytes == b\"a\" { return true }\n",
        1,
    );
    assert_ne!(rule, other);
    project.write("src/check/bytes.rs", &other);
    assert_eq!(project.judged(), (all.to_vec(), true), "another judge");
}

#[test]
fn an_edit_of_a_sealed_file_stops_the_build() {
    let project = Project::new();
    project.seal();
    assert_eq!(project.warnings(&[]), "");

    project.write(
        "migrations/2025_10_11_1_first.sql",
        &FIRST.replace("int", "inT"),
    );
    let told = project.errors();
    let (today, rest) = told
        .split_once("today `")
        .and_then(|(_, rest)| rest.split_once('`'))
        .expect("a name for the change");
    assert!(today.ends_with("_1_what_it_changes.sql"), "{today}");
    assert!(!rest.contains(today));
    compare(
        "edited_build.txt",
        &told.replace(today, "<today>_1_what_it_changes.sql"),
    );

    project.write("migrations/2025_10_11_1_first.sql", FIRST);
    assert_eq!(project.warnings(&[]), "", "it is as it was");
}

#[test]
fn an_unsealed_file_is_a_warning_and_no_release() {
    let project = Project::new();
    let mut told = String::from("== no migrations.lock\n");
    told += &project.warnings(&[]);
    told += "== the same, to be released\n";
    told += &project.errors_with(&["--release"]);
    project.write_lock(&sealed(&[(FIRST_NAME, FIRST)]));
    told += "== one of two is sealed\n";
    told += &project.warnings(&[]);
    told += "== the same, to be released\n";
    told += &project.errors_with(&["--release"]);
    project.seal();
    told += "== both are\n";
    told += &project.warnings(&["--release"]);
    compare("unsealed_build.txt", &told);
}

#[test]
fn a_build_to_be_released_knows_its_commit() {
    let project = Project::new();
    project.seal();
    // Cargo takes out of Cargo.lock what this manifest does not ask for.
    project.warnings(&["--release"]);
    project.git(&["init", "--quiet"]);
    project.git(&["add", "."]);
    let commit = || {
        project.git(&["commit", "--quiet", "--allow-empty", "--message=a"]);
        project.git(&["rev-parse", "HEAD"])
    };
    let first = commit();
    assert_eq!(project.commit(""), first);
    project.write("notes", "Nothing that is built in.\n");
    assert_eq!(project.commit(""), first);
    let second = commit();
    assert_ne!(first, second);
    assert_eq!(project.commit(""), second);
    project.write("src/main.rs", "//! Another.\nfn main() {}\n");
    assert_eq!(project.commit(""), format!("{second}-modified"));
    project.git(&["checkout", "--quiet", "src/main.rs"]);
    assert_eq!(project.commit(""), second);
    project.write("src/unknown.rs", "//! New.\n");
    assert_eq!(project.commit(""), format!("{second}-modified"));
    project.rebuilds();
    commit();
    assert!(
        !project.rebuilds(),
        "a developer's build does not know the commit"
    );
    fs::remove_dir_all(project.path(".git")).unwrap();
    // Not that of the clone whose target folder this is in.
    assert_eq!(project.commit(""), "");
    assert_eq!(project.commit("v1.0.0-rc.1"), "v1.0.0-rc.1");
    let mut wrong = project.command("check", &["--release"]);
    let output = wrong.env("SOURCE_COMMIT", "a b").output().unwrap();
    assert_eq!(
        said(&output),
        "error: copied-project@0.1.0: SOURCE_COMMIT is no name of a commit: \"a b\"\nerror: build script logged errors\n"
    );
}

/// `cargo migration` is built so: it repairs what the gate refuses.
#[test]
fn a_lenient_build_leaves_out_what_is_wrong_and_is_no_release() {
    let project = Project::new();
    project.seal();
    project.write(
        "migrations/2025_10_11_1_first.sql",
        "CREATE TABEL a (b int);\n",
    );
    project.write("migrations/2025_10_11_3_third.sql", SECOND);
    project.write("migrations/migrations.lock", "<<<<<<< HEAD\n");
    let output = project.cargo_with("run", &["--features", "lenient"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(said(&output), "");
    let forward = "\"CREATE OR REPLACE VIEW a_b AS SELECT b FROM a;\"";
    let sound = ["2_second", "3_third"].map(|name| {
        format!(
            "2025_10_11_{} 2025_10_11_{name}.sql {forward}\n",
            &name[..1]
        )
    });
    assert_eq!(String::from_utf8_lossy(&output.stdout), sound.concat());
    assert_eq!(
        project.errors_with(&["--features", "lenient", "--release"]),
        "error: copied-project@0.1.0: the feature `lenient` skips the checks: a release build is made without it\nerror: build script logged errors\n"
    );
}

#[test]
fn the_evidence_is_embedded_as_it_stands_in_the_seal() {
    use dsentr_migrate::check::seal::{Rows, Seal};
    use dsentr_migrate::check::{Entry, check};
    use dsentr_migrate::source::TableLock;
    const ALLOWED: &str =
        "-- allow: table-rewrite: a \"test\".\n-- allow: long-table-lock: another.\n";
    let project = Project::new();
    let first = format!("{ALLOWED}{FIRST}");
    project.write("migrations/2025_10_11_1_first.sql", &first);
    let entries = [Entry::file(FIRST_NAME, first.clone())];
    let checked = check(&entries).migrations;
    let seals = sealed(&[(FIRST_NAME, &first), (SECOND_NAME, SECOND)]);
    let [plain, second] = seals.seals() else {
        panic!("two are sealed");
    };
    let text = |text: &str| text.to_owned();
    let evidence = Seal {
        rewrites: [text("b"), text("\"C\"")].into(),
        locks: [(text("b"), TableLock::AccessExclusive)].into(),
        rows: [(
            text("b"),
            Rows {
                read: 1_234_567,
                written: 2,
            },
        )]
        .into(),
        added: [
            (text("table a"), text("")),
            (text("function f()"), text("'\n\\ü\"")),
        ]
        .into(),
        proven_on: [13, 14, 18].into(),
        ..plain.clone()
    };
    let lock_file = support::sealed::lock_file(vec![evidence, second.clone()]);
    project.write_lock(&lock_file);
    let [leaked] = dsentr_migrate::embedded::leak_sealed(&entries, &checked, &lock_file) else {
        panic!("one file went in, and it is right");
    };
    let seal = leaked.seal.expect("it is sealed");
    let expected = format!("{:?} {seal:?}", leaked.allowances);
    assert_eq!(project.embedded()[1], expected);
    assert!(expected.contains("1234567"), "{expected}");
}
