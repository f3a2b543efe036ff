//! What migrations do to rows: each folder `tests/data/<migration>/<case>/` is one case.
//!
//! On a fresh database at the version before, `before.sql` puts rows into the tables; a case without one takes that of
//! its migration's folder, `tests/data/<migration>/before.sql`. Then the migration runs:
//! - with `query.sql`, it must succeed, and the query must give `expected.txt`;
//! - without, it must fail with what is in `error.txt`.
//!
//! A case may go on with the way back: `rollback_before.sql` changes rows, the rollback runs, and then
//! `rollback_query.sql` must give `rollback_expected.txt`, or `rollback_error.txt` is what it fails with.
//! Rows are written with `|` between the columns and `∅` for NULL.

mod support;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use dsentr_migrate::embedded::{Migration, Rollback};
use support::schema::{apply, migrations, run};
use support::server::{Server, Session};

const CASES: &str = "tests/data";

/// The variable that has expected files rewritten instead of compared.
const BLESS: &str = "BLESS";

const FILES: [&str; 8] = [
    "before.sql",
    "query.sql",
    "expected.txt",
    "error.txt",
    "rollback_before.sql",
    "rollback_query.sql",
    "rollback_expected.txt",
    "rollback_error.txt",
];

#[tokio::test]
async fn each_case_comes_out_as_written() {
    let server = Server::of_its_own();
    let at_version = server.database();
    let mut problems = Vec::new();
    let mut left: BTreeSet<_> = entries(Path::new(CASES)).into_iter().collect();
    for migration in migrations() {
        let folder = Path::new(CASES).join(migration.stem);
        if left.remove(&folder) {
            let (cases, files): (Vec<_>, Vec<_>) =
                entries(&folder).into_iter().partition(|path| path.is_dir());
            problems.extend(meaningless(&files, &[FORWARD.before]));
            for case in cases {
                // The rows of one case are nobody else's.
                let database = server.copy_of(&at_version);
                let case = Case {
                    path: case,
                    migration,
                    session: database.session().await,
                };
                case.session.batch("SET search_path TO public").await;
                problems.extend(case.problems().await);
            }
        }
        let session = at_version.session().await;
        apply(&session, migration).await;
        session.close().await; // only a database without sessions can be copied
    }
    problems.extend(
        left.iter()
            .map(|folder| format!("{}: there is no such migration", folder.display())),
    );
    assert!(
        problems.is_empty(),
        "{} problems:\n{}\nwhere the new outcome is right, rewrite the files: \
         {BLESS}=1 cargo test --test data_steps",
        problems.len(),
        problems.join("\n")
    );
}

/// What is in a folder, in the order of the names.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let listing =
        std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<_> = listing
        .map(|entry| entry.expect("the folder can be read").path())
        .collect();
    paths.sort();
    paths
}

/// The files that would never be read.
fn meaningless(files: &[PathBuf], known: &[&str]) -> Vec<String> {
    files
        .iter()
        .filter(|file| !known.iter().any(|known| file.ends_with(known)))
        .map(|file| format!("{}: a file of no meaning here", file.display()))
        .collect()
}

/// One case, on its own database at the version before the migration.
struct Case {
    path: PathBuf,
    migration: &'static Migration,
    session: Session,
}

/// One way of a case: the files it reads.
struct Way {
    before: &'static str,
    query: &'static str,
    expected: &'static str,
    error: &'static str,
}

const FORWARD: Way = Way {
    before: "before.sql",
    query: "query.sql",
    expected: "expected.txt",
    error: "error.txt",
};
const BACK: Way = Way {
    before: "rollback_before.sql",
    query: "rollback_query.sql",
    expected: "rollback_expected.txt",
    error: "rollback_error.txt",
};

impl Case {
    async fn problems(&self) -> Vec<String> {
        let mut problems = meaningless(&entries(&self.path), &FILES);
        problems.extend(self.take(&FORWARD, self.migration.forward_sql()).await);
        if self.read(BACK.query).or(self.read(BACK.error)).is_some() {
            problems.extend(self.take_back().await);
        }
        problems
    }

    async fn take_back(&self) -> Option<String> {
        match self.migration.rollback {
            Rollback::Irreversible { .. } => {
                Some(format!("{}: there is no way back", self.path.display()))
            }
            // A way back that does nothing still leads somewhere.
            Rollback::NothingToUndo { .. } => self.take(&BACK, "").await,
            Rollback::Sql { .. } => {
                let sql = self.migration.rollback_sql().unwrap_or_default();
                self.take(&BACK, &sql).await
            }
        }
    }

    /// Goes one way, and says what came out otherwise than written.
    async fn take(&self, way: &Way, sql: &str) -> Option<String> {
        if let Some(rows) = self.read(way.before).or_else(|| self.shared(way.before))
            && let Err(error) = run(&self.session, &rows).await
        {
            return Some(format!("{}/{}: {error}", self.path.display(), way.before));
        }
        match (run(&self.session, sql).await, self.read(way.query)) {
            (Ok(()), Some(query)) => {
                let rows = self.session.rows(&query).await.join("\n");
                self.compare(way.expected, &rows)
            }
            (Err(error), None) => self.compare(way.error, &error),
            (Ok(()), None) => Some(format!(
                "{}: succeeds, but has no {}",
                self.path.display(),
                way.query
            )),
            (Err(error), Some(_)) => Some(format!("{}: fails: {error}", self.path.display())),
        }
    }

    /// Compares an outcome with a file, or writes the file.
    fn compare(&self, file: &str, outcome: &str) -> Option<String> {
        let path = self.path.join(file);
        let expected = self.read(file);
        if expected.as_deref().map(str::trim_end) == Some(outcome) {
            return None;
        }
        if std::env::var_os(BLESS).is_some() {
            std::fs::write(&path, format!("{outcome}\n")).expect("the project can be written");
            return None;
        }
        let mut text = format!("{}: (- as written, + as found)", path.display());
        for (sign, side) in [
            ("-", expected.as_deref().unwrap_or("no such file")),
            ("+", outcome),
        ] {
            for line in side.lines() {
                write!(text, "\n  {sign} {line}").expect("a String takes everything");
            }
        }
        Some(text)
    }

    /// What all cases of the migration have that have no such file of their own.
    fn shared(&self, file: &str) -> Option<String> {
        std::fs::read_to_string(self.path.with_file_name(file)).ok()
    }

    fn read(&self, file: &str) -> Option<String> {
        std::fs::read_to_string(self.path.join(file)).ok()
    }
}
