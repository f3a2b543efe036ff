//! `cargo migration`: the files that it writes, what it proves on real servers, and what it says where a proof fails.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use dsentr_migrate::check::{Entry, check};
use support::executable::{Dsentr, Run, executable};
use support::golden::golden;
use support::mask::mask_durations;
use support::running::Running;
use support::server::Server;

/// A folder as the tool takes it: `migrations/` and `tests/fixtures/rows/`.
struct Project(tempfile::TempDir);

impl Project {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for inner in ["migrations", "tests/fixtures/rows"] {
            fs::create_dir_all(folder.path().join(inner)).expect("the folder takes folders");
        }
        Self(folder)
    }

    /// With the table `things` and two rows in it.
    fn of_things() -> Self {
        Self::new()
            .migration("2026_01_01_1_create_things", THINGS)
            .rows("2026_01_01_1_create_things", THINGS_ROWS)
    }

    fn migration(self, stem: &str, text: &str) -> Self {
        self.put(&format!("migrations/{stem}.sql"), text);
        self
    }

    fn rows(self, stem: &str, text: &str) -> Self {
        self.put(&format!("tests/fixtures/rows/{stem}.sql"), text);
        self
    }

    fn put(&self, path: &str, text: &str) {
        fs::write(self.path(path), text).expect("the folder takes files");
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).expect("the file is there")
    }

    fn lock_file(&self) -> String {
        self.read("migrations/migrations.lock")
    }

    fn has_lock_file(&self) -> bool {
        self.path("migrations/migrations.lock").exists()
    }

    /// The tool, about this folder.
    fn tool(&self, arguments: &[&str]) -> Dsentr {
        let folder = self.0.path().to_str().expect("a path in UTF-8");
        let arguments = [&["--folder", folder], arguments].concat();
        executable(env!("CARGO_BIN_EXE_migration"), &arguments)
            .env("PATH", &std::env::var("PATH").unwrap_or_default())
    }

    fn run(&self, arguments: &[&str]) -> Run {
        self.tool(arguments).run()
    }

    /// Proves on the server that the tests share.
    fn prove(&self, arguments: &[&str]) -> Run {
        let url = url(Server::shared());
        self.run(&[arguments, &["--database-url", &url]].concat())
    }
}

const THINGS: &str = "\
-- Things have names.
CREATE TABLE IF NOT EXISTS things (
    id integer PRIMARY KEY,
    name text NOT NULL
);

-- Rollback:
--   DROP TABLE things;
--   -- Data loss: the things.
";

const THINGS_ROWS: &str = "INSERT INTO things VALUES (1, 'one'), (2, 'two');\n";

fn url(server: &Server) -> String {
    format!("postgres://postgres@127.0.0.1:{}/postgres", server.port())
}

/// The output without what differs from run to run and from server to server, and without what `.ci/servers` says.
fn told(run: &Run) -> String {
    let lines = run.text();
    let lines = lines.lines().filter(|line| !line.starts_with("servers: "));
    let lines: Vec<String> = lines.map(masked).collect();
    mask_durations(&(lines.join("\n") + "\n"))
}

/// A line without the version of the server: its major, or all of it, `17.12 (Debian 17.12-0+deb13u1): ` before what it is about.
fn masked(line: &str) -> String {
    let Some((head, tail)) = line.split_once("PostgreSQL ") else {
        return line.to_owned();
    };
    let rest = tail.trim_start_matches(|c: char| c.is_ascii_digit());
    let is_whole = [".", "rc", "beta"]
        .iter()
        .any(|mark| rest.starts_with(mark));
    let end = rest.find(": ").filter(|_| is_whole);
    let rest = &rest[end.unwrap_or_default()..];
    format!("{head}PostgreSQL <major>{rest}")
}

/// The lock file without the major version of the server.
fn majorless(lock_file: &str) -> String {
    let lines = lock_file
        .lines()
        .map(|line| match line.strip_prefix("proven_on = ") {
            Some(_) => "proven_on = [<major>]",
            None => line,
        });
    lines.map(|line| format!("{line}\n")).collect()
}

#[test]
fn a_new_migration_is_called_after_today_and_its_description() {
    let project = Project::new();
    let run = project.run(&["new", "Add  invoices & more!"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    let path = run.stdout.lines().next().expect("the path comes first");
    assert!(path.ends_with("_1_add_invoices_more.sql"), "{path}");
    let second = project.run(&["new", "add", "payments"]);
    let second = second.stdout.lines().next().unwrap_or_default().to_owned();
    assert_eq!(
        second,
        path.replace("_1_add_invoices_more", "_2_add_payments")
    );
    golden(
        "migration_new.txt",
        &run.text()
            .replace(path, "migrations/<today>_1_add_invoices_more.sql")
            .replace(
                path.trim_start_matches("migrations/"),
                "<today>_1_add_invoices_more.sql",
            ),
    );
}

#[test]
fn the_template_passes_once_statements_are_put_in() {
    let project = Project::new();
    let run = project.run(&["new", "add invoices"]);
    let path = run.stdout.lines().next().expect("the path comes first");
    let template = project.read(path);
    let (forward, back) = template
        .split_once("\n\n-- Rollback:\n")
        .expect("two halves");
    let text = format!(
        "{forward}\nCREATE TABLE IF NOT EXISTS invoices (id integer PRIMARY KEY);\n\n-- Rollback:\n\
         --   DROP TABLE invoices;\n--   -- Data loss: the invoices.\n{back}"
    );
    let name = Path::new(path)
        .file_name()
        .unwrap_or_default()
        .to_string_lossy();
    let outcome = check(&[Entry::file(name.clone(), text)]);
    assert_eq!(outcome.problems, [], "with statements");
    let empty = check(&[Entry::file(name, template)]);
    let rules: Vec<&str> = empty.problems.iter().map(|problem| problem.rule).collect();
    assert_eq!(
        rules,
        ["no-statement", "rollback-block"],
        "as it is written"
    );
}

#[test]
fn a_new_migration_stands_behind_one_of_a_later_day() {
    let project = Project::new().migration("2999_12_30_1_of_tomorrow", THINGS);
    let run = project.run(&["new", "add invoices"]);
    assert_eq!(
        run.stdout.lines().next(),
        Some("migrations/2999_12_30_2_add_invoices.sql")
    );
}

#[test]
fn a_description_of_which_nothing_is_left_is_refused() {
    let project = Project::new();
    golden(
        "migration_new_nothing.txt",
        &project.run(&["new", "«»"]).text(),
    );
}

#[test]
fn what_is_proven_is_sealed_to_the_byte() {
    let project = Project::of_things()
        .migration(
            "2026_01_02_1_add_colour",
            "-- Things have a colour.\nALTER TABLE things ADD COLUMN IF NOT EXISTS colour text;\n\n\
             CREATE TABLE IF NOT EXISTS colours (\n    name text PRIMARY KEY\n);\n\n\
             -- Rollback:\n--   DROP TABLE colours;\n--   ALTER TABLE things DROP COLUMN colour;\n\
             --   -- Data loss: colours.\n",
        )
        .rows(
            "2026_01_02_1_add_colour",
            "UPDATE things SET colour = 'red' WHERE id = 1;\nINSERT INTO colours VALUES ('red');\n",
        )
        .migration(
            "2026_01_03_1_name_case",
            "-- Names are looked for in small letters.\n-- allow: long-table-lock: there are two rows.\n\
             UPDATE things SET name = upper(name);\nALTER TABLE things ADD COLUMN IF NOT EXISTS size integer;\n\n\
             -- Rollback:\n--   ALTER TABLE things DROP COLUMN size;\n\
             --   -- Data loss: sizes, and the letters of the names.\n",
        )
        .rows(
            "2026_01_03_1_name_case",
            "-- changes forward, back: things.name: capital letters are the point\n",
        )
        .migration(
            "2026_01_04_1_index_colour",
            "-- Things are looked for by colour.\n-- migrate: no-transaction\n\
             CREATE INDEX CONCURRENTLY IF NOT EXISTS things_colour ON public.things (colour);\n\n\
             -- Rollback:\n--   DROP INDEX CONCURRENTLY IF EXISTS public.things_colour;\n",
        );
    let run = project.prove(&["seal"]);
    golden("migration_seal.txt", &told(&run));
    let first = project.lock_file();
    golden("migration_seal.lock", &majorless(&first));

    golden(
        "migration_seal_nothing.txt",
        &told(&project.prove(&["seal"])),
    );
    assert_eq!(project.lock_file(), first);
    assert_eq!(project.prove(&["seal", "--all"]).code, Some(0));
    assert_eq!(project.lock_file(), first, "a second time");
    golden("migration_check.txt", &told(&project.prove(&["check"])));

    // A better way back is proven anew; a file behind the sealed ones is proven alone.
    let path = "migrations/2026_01_01_1_create_things.sql";
    project.put(
        path,
        &project
            .read(path)
            .replace("DROP TABLE things", "DROP TABLE IF EXISTS things"),
    );
    golden(
        "migration_check_unsealed.txt",
        &told(&project.prove(&["check"])),
    );
    golden(
        "migration_seal_rollback.txt",
        &told(&project.prove(&["seal"])),
    );
    assert_ne!(project.lock_file(), first);

    // Where somebody has edited the file in accordance with itself, the proof tells.
    let tampered = project
        .lock_file()
        .replace("\"ShareUpdateExclusive\"", "\"Share\"");
    project.put("migrations/migrations.lock", &tampered);
    golden(
        "migration_check_tampered.txt",
        &told(&project.prove(&["check"])),
    );
    project.put(
        "migrations/migrations.lock",
        &first.replace("integer not null", "bigint not null"),
    );
    golden(
        "migration_check_edited.txt",
        &told(&project.prove(&["check"])),
    );
}

#[test]
fn every_proof_that_fails_is_shown_and_nothing_is_sealed() {
    let project = Project::of_things()
        .migration(
            "2026_01_02_1_leaves_an_index",
            "-- An index that nobody takes back.\nALTER TABLE things ADD COLUMN IF NOT EXISTS size integer;\n\
             -- allow: create-index: there are two rows.\n\
             CREATE INDEX IF NOT EXISTS things_name ON things (name);\n\n\
             -- Rollback:\n--   ALTER TABLE things DROP COLUMN size;\n--   -- Data loss: sizes.\n",
        )
        .migration(
            "2026_01_03_1_make_purge",
            "-- Somebody else destroys rows.\n\
             CREATE OR REPLACE FUNCTION purge(lowest integer) RETURNS void LANGUAGE sql AS $$\n\
             \x20   DELETE FROM things WHERE id >= lowest;\n$$;\n\
             -- Data loss: none by itself; whoever calls it has to say so.\n\n\
             -- Rollback:\n--   DROP FUNCTION purge(integer);\n",
        )
        .migration(
            "2026_01_04_1_loses_rows",
            "-- A way back that destroys rows and does not say so.\n\
             CREATE OR REPLACE VIEW thing_names AS SELECT name FROM things;\n\n\
             -- Rollback:\n--   DROP VIEW thing_names;\n--   SELECT purge(2);\n",
        )
        .migration(
            "2026_01_05_1_not_clean",
            "-- A second run that fails and is not announced.\nINSERT INTO things VALUES (3, 'three');\n\n\
             -- Rollback:\n--   DELETE FROM things WHERE id = 3;\n--   -- Data loss: the third thing.\n",
        )
        .rows(
            "2026_01_05_1_not_clean",
            "-- changes forward, back: things: the third one comes and goes\n",
        )
        .migration(
            "2026_01_06_1_clean",
            "-- A second run that is clean and is announced as none.\n-- Not rerunnable: somebody thought so.\n\
             CREATE OR REPLACE VIEW thing_ids AS SELECT id FROM things;\n\n\
             -- Rollback:\n--   DROP VIEW thing_ids;\n",
        )
        .migration(
            "2026_01_07_1_no_rows",
            "-- A table without rows proves nothing.\nCREATE TABLE IF NOT EXISTS empty (id integer PRIMARY KEY);\n\n\
             -- Rollback:\n--   DROP TABLE empty;\n--   -- Data loss: its rows.\n",
        )
        .migration(
            "2026_01_08_1_changes_rows",
            "-- Rows change, and nobody announced it.\nUPDATE things SET name = upper(name);\n\n\
             -- Nothing to undo: names are read in any letters.\n",
        )
        .migration(
            "2026_01_09_1_changes_the_schema",
            "-- There is something to undo.\nCREATE OR REPLACE VIEW thing_count AS SELECT count(*) AS things FROM things;\n\n\
             -- Nothing to undo: somebody thought so.\n",
        )
        .migration(
            "2026_01_10_1_cannot_go_back",
            "-- The way back is misspelt.\nCREATE OR REPLACE VIEW thing_list AS SELECT name FROM things;\n\n\
             -- Rollback:\n--   DROP VIEW thing_lists;\n",
        );
    golden("migration_failures.txt", &told(&project.prove(&["seal"])));
    assert!(!project.has_lock_file());
}

#[test]
fn a_migration_that_fails_is_shown_with_its_place() {
    let project = Project::of_things().migration(
        "2026_01_02_1_second",
        "-- A table that is not there.\nALTER TABLE things ADD COLUMN IF NOT EXISTS colour text;\n\
         UPDATE thing SET colour = 'red';\n\n-- Rollback:\n--   ALTER TABLE things DROP COLUMN colour;\n\
         --   -- Data loss: colours.\n",
    );
    golden(
        "migration_failure_forward.txt",
        &told(&project.prove(&["seal"])),
    );
    assert!(!project.has_lock_file());
}

#[test]
fn files_that_are_not_in_order_are_shown_and_not_tried() {
    let project = Project::of_things()
        .migration(
            "2026_01_02_1_broken",
            &THINGS.replace("TABLE IF", "TABEL IF"),
        )
        .rows("2026_01_09_1_of_nothing", "SELECT 1;\n");
    golden("migration_problems.txt", &told(&project.prove(&["seal"])));
    fs::remove_file(project.path("migrations/2026_01_02_1_broken.sql")).expect("it is there");
    golden("migration_stray_rows.txt", &told(&project.prove(&["seal"])));
    let project = project.rows(
        "2026_01_01_1_create_things",
        "-- changes sideways: things.name: why\n",
    );
    fs::remove_file(project.path("tests/fixtures/rows/2026_01_09_1_of_nothing.sql"))
        .expect("it is there");
    golden(
        "migration_wrong_changes.txt",
        &told(&project.prove(&["seal"])),
    );
    golden(
        "migration_unknown_major.txt",
        &told(&project.run(&["seal", "--on", "12"])),
    );
}

const ROLES: &str = "\
-- Two roles, made where they are missing.
DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['dsentr_one', 'dsentr_two']
    LOOP
        IF to_regrole(wanted) IS NULL THEN
            EXECUTE format('CREATE ROLE %I', wanted);
        END IF;
        EXECUTE format('GRANT SELECT ON things TO %I', wanted);
    END LOOP;
END
$$;

-- Rollback:
--   REVOKE ALL ON things FROM dsentr_one, dsentr_two;
--   DO $$
--   DECLARE
--       wanted text;
--   BEGIN
--       FOREACH wanted IN ARRAY ARRAY['dsentr_one', 'dsentr_two']
--       LOOP
--           BEGIN
--               EXECUTE format('DROP ROLE %I', wanted);
--           EXCEPTION
--               WHEN dependent_objects_still_exist THEN
--                   RAISE NOTICE 'role % stays', wanted;
--           END;
--       END LOOP;
--   END
--   $$;
";

#[tokio::test]
async fn a_given_server_is_left_as_it_was() {
    let server = Server::of_its_own();
    server.administer(&["CREATE ROLE dsentr_one", "CREATE DATABASE precious"]);
    let database = server.database();
    let session = database.session().await;
    let there =
        "SELECT datname::text FROM pg_database UNION ALL SELECT rolname FROM pg_roles ORDER BY 1";
    let before = session.rows(there).await;
    let project = Project::of_things().migration("2026_01_02_1_make_roles", ROLES);
    let run = project.run(&["seal", "--database-url", &url(&server)]);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert_eq!(session.rows(there).await, before, "after a seal");

    let project = project.migration(
        "2026_01_03_1_fails",
        "-- It fails.\nSELECT 1 / 0;\n\n-- Nothing to undo: nothing.\n",
    );
    assert_eq!(
        project.run(&["seal", "--database-url", &url(&server)]).code,
        Some(1)
    );
    assert_eq!(session.rows(there).await, before, "after a failure");

    let waits = "-- It waits.\nSELECT pg_sleep(600);\n\n-- Nothing to undo: nothing.\n";
    let project = project.migration("2026_01_03_1_fails", waits);
    let running = Running::start(project.tool(&["seal", "--database-url", &url(&server)]));
    session
        .until(
            "SELECT count(*) FROM pg_stat_activity WHERE query ~ '^SELECT pg_sleep'",
            "1",
        )
        .await;
    running.signal("INT");
    let run = running.end();
    golden("migration_stopped.txt", &told(&run));
    assert_eq!(session.rows(there).await, before, "after a signal");
}

#[tokio::test]
async fn throw_away_servers_are_started_where_none_is_given() {
    let database = Server::shared().database();
    let session = database.session().await;
    let major = session
        .value("SELECT current_setting('server_version_num')::integer / 10000")
        .await;
    let project = Project::of_things();
    golden(
        "migration_seal_throwaway.txt",
        &told(&project.run(&["seal", "--on", &major])),
    );
    let sealed = project.lock_file();
    // Which minor that is, the package registries decide.
    assert!(
        sealed.contains(&format!("proven_on = [\"{major}.")),
        "{sealed}"
    );
    assert_eq!(project.prove(&["seal", "--all"]).code, Some(0));
    assert_eq!(
        majorless(&project.lock_file()),
        majorless(&sealed),
        "an owner and a superuser see the same"
    );
}

/// A column and a table under other names, and back.
const RENAMES: &str = "\
-- Other names.
-- allow: rename: the application is not there yet.
-- Not rerunnable: the old names are gone.
ALTER TABLE things RENAME COLUMN name TO title;
ALTER TABLE things RENAME COLUMN id TO number;
ALTER TABLE things RENAME TO articles;

-- Rollback:
--   ALTER TABLE articles RENAME TO things;
--   ALTER TABLE things RENAME COLUMN number TO id;
--   ALTER TABLE things RENAME COLUMN title TO name;
";

#[test]
fn what_is_renamed_is_not_lost() {
    let project = Project::of_things()
        .migration("2026_01_02_1_rename", RENAMES)
        .migration(
            "2026_01_03_1_swap",
            "-- Two columns change their names.\n-- Not rerunnable: it would change them back.\n-- allow: rename: the application is not there yet.\n\
             ALTER TABLE articles ADD COLUMN IF NOT EXISTS note text;\nALTER TABLE articles RENAME COLUMN title TO x;\n\
             ALTER TABLE articles RENAME COLUMN note TO title;\nALTER TABLE articles RENAME COLUMN x TO note;\n\n\
             -- Rollback:\n--   ALTER TABLE articles RENAME COLUMN note TO x;\n\
             --   ALTER TABLE articles RENAME COLUMN title TO note;\n\
             --   ALTER TABLE articles RENAME COLUMN x TO title;\n--   ALTER TABLE articles DROP COLUMN note;\n\
             --   -- Data loss: the notes.\n",
        )
        .rows("2026_01_02_1_rename", "INSERT INTO articles VALUES (4, 'four');\n");
    golden("migration_rename.txt", &told(&project.prove(&["seal"])));

    // A column that comes in the place of another is another one.
    let project = Project::of_things().migration(
        "2026_01_02_1_replace",
        "-- A column that is made anew.\n-- allow: drop-column: the application is not there yet.\n\
         -- allow: long-table-lock: there are two rows.\n\
         DO $$ BEGIN ALTER TABLE things DROP COLUMN IF EXISTS name; END $$;\n\
         ALTER TABLE things ADD COLUMN IF NOT EXISTS name text;\n-- Data loss: the names.\n\n\
         -- Irreversible: the names are gone.\n",
    );
    golden("migration_replace.txt", &told(&project.prove(&["seal"])));
}

/// The lines that the failures of a run advise, each with a reason.
fn advised_changes(run: &Run) -> String {
    let text = run.text();
    let advised = text.split(".sql: `-- changes ").skip(1);
    let lines =
        advised.filter_map(|rest| Some(rest.split_once('`')?.0.replace("<reason>", "a test")));
    lines.map(|line| format!("-- changes {line}\n")).collect()
}

#[test]
fn whoever_follows_the_advice_about_rows_can_seal() {
    let rows = "INSERT INTO \"Odd, one\" VALUES (1, 'a');\nINSERT INTO other.things VALUES (7);\n";
    let project = Project::of_things()
        .migration(
            "2026_01_02_1_more_tables",
            "-- More tables.\nCREATE SCHEMA IF NOT EXISTS other;\n\
             CREATE TABLE IF NOT EXISTS other.things (id integer PRIMARY KEY);\n\
             CREATE TABLE IF NOT EXISTS \"Odd, one\" (id integer PRIMARY KEY, \"a: b, c\" text);\n\n\
             -- Rollback:\n--   DROP TABLE \"Odd, one\";\n--   DROP SCHEMA other CASCADE;\n--   -- Data loss: all rows.\n",
        )
        .rows("2026_01_02_1_more_tables", rows)
        .migration(
            "2026_01_03_1_change_rows",
            "-- Rows of several tables change.\n-- Not rerunnable: it adds.\n\
             UPDATE things SET name = upper(name) || '!';\nUPDATE \"Odd, one\" SET \"a: b, c\" = 'b';\n\
             INSERT INTO other.things VALUES (8);\n\n\
             -- Rollback:\n--   DELETE FROM other.things WHERE id = 8;\n\
             --   -- Data loss: the letters of the names, and the old value.\n",
        );
    let file = "tests/fixtures/rows/2026_01_03_1_change_rows.sql";
    let (mut lines, mut runs) = (String::new(), String::new());
    for _ in 0..4 {
        project.put(file, &lines);
        let run = project.prove(&["seal"]);
        runs.push_str(&told(&run));
        if run.code == Some(0) {
            return golden("migration_advice.txt", &runs);
        }
        let advised = advised_changes(&run);
        assert_ne!(advised, "", "the run says what to write:\n{runs}");
        lines.push_str(&advised);
    }
    panic!("the advice does not lead to a seal:\n{runs}");
}

#[test]
fn a_second_run_that_is_not_clean_may_be_declared() {
    let replace = "-- Another index.\n<note>-- allow: create-index: there are two rows.\n\
         -- allow: drop-index: there are two rows.\n-- allow: long-table-lock: there are two rows.\n\
         DROP INDEX things_name_idx;\nCREATE UNIQUE INDEX ON things (name);\n\n\
         -- Rollback:\n--   DROP INDEX things_name_idx;\n--   CREATE INDEX ON things (name);\n";
    let add = "-- Numbers are higher.\n<note>UPDATE things SET number = number + 100;\n\n\
         -- Rollback:\n--   UPDATE things SET number = number - 100;\n";
    let again = "-- An index under a name that the server chooses.\n<note>-- allow: create-index: there are two rows.\n\
         CREATE INDEX ON things (id);\n\n\
         -- Rollback:\n--   DROP INDEX things_id_idx;\n";
    let note = "-- Not rerunnable: it is meant to run once.\n";
    let project = || {
        Project::of_things()
            .migration(
                "2026_01_02_1_index",
                "-- An index, and numbers.\n-- allow: long-table-lock: there are two rows.\n\
                 ALTER TABLE things ADD COLUMN IF NOT EXISTS number integer;\n-- allow: create-index: there are two rows.\n\
                 CREATE INDEX IF NOT EXISTS things_name_idx ON things (name);\n\n\
                 -- Rollback:\n--   DROP INDEX things_name_idx;\n\
                 --   ALTER TABLE things DROP COLUMN number;\n--   -- Data loss: the numbers.\n",
            )
            .rows("2026_01_02_1_index", "UPDATE things SET number = id;\n")
            .rows(
                "2026_01_04_1_add",
                "-- changes forward, back: things.number: they are higher\n",
            )
    };
    let with = |note: &str| {
        project()
            .migration("2026_01_03_1_replace", &replace.replace("<note>", note))
            .migration("2026_01_04_1_add", &add.replace("<note>", note))
            .migration("2026_01_05_1_again", &again.replace("<note>", note))
    };
    let declared = with(note);
    let run = declared.prove(&["seal"]);
    golden("migration_run_twice.txt", &told(&run));
    assert_eq!(run.code, Some(0));
    let rerunnable = declared.lock_file().matches("rerunnable = false").count();
    assert_eq!(rerunnable, 3, "what the seals say");
    // Checked again, they say the same, and the build agrees.
    assert_eq!(declared.prove(&["check"]).code, Some(0));

    let project = project().migration("2026_01_04_1_add", &add.replace("<note>", ""));
    golden(
        "migration_run_twice_undeclared.txt",
        &told(&project.prove(&["seal"])),
    );
}

/// What would answer is not there: whoever reads a row of it fails.
const FOREIGN: &str = "\
-- Tables whose rows are on another server.
CREATE EXTENSION IF NOT EXISTS postgres_fdw;
CREATE SERVER IF NOT EXISTS far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port '1');
CREATE USER MAPPING IF NOT EXISTS FOR CURRENT_USER SERVER far;
CREATE FOREIGN TABLE IF NOT EXISTS there (id integer) SERVER far;
CREATE TABLE IF NOT EXISTS events (id integer) PARTITION BY LIST (id);
CREATE TABLE IF NOT EXISTS events_near PARTITION OF events FOR VALUES IN (1);
CREATE FOREIGN TABLE IF NOT EXISTS events_far PARTITION OF events FOR VALUES IN (2) SERVER far;
CREATE TABLE IF NOT EXISTS parents (id integer);
CREATE FOREIGN TABLE IF NOT EXISTS children () INHERITS (parents) SERVER far;

-- Rollback:
--   DROP TABLE parents CASCADE;
--   DROP TABLE events;
--   DROP FOREIGN TABLE there;
--   DROP SERVER far CASCADE;
--   DROP EXTENSION postgres_fdw;
--   -- Data loss: the rows that are kept here.
";

#[test]
fn the_rows_of_foreign_tables_are_left_alone() {
    let project = Project::of_things()
        .migration("2026_01_02_1_foreign", FOREIGN)
        .rows(
            "2026_01_02_1_foreign",
            "INSERT INTO events VALUES (1);\nINSERT INTO parents VALUES (1);\n",
        );
    golden("migration_foreign.txt", &told(&project.prove(&["seal"])));
}

#[test]
fn what_nobody_foresaw_names_the_migration_and_what_was_being_done() {
    let project = Project::of_things().migration(
        "2026_01_02_1_hurries",
        "-- Its rollback leaves no time for what comes behind it.\n\
         CREATE OR REPLACE VIEW thing_names AS SELECT name FROM things;\n\n\
         -- Rollback:\n--   DROP VIEW thing_names;\n--   SET LOCAL statement_timeout = '1ms';\n",
    );
    // Where the time is up between two statements, the server may give the other reason.
    let text = told(&project.prove(&["seal"])).replace("user request", "statement timeout");
    golden("migration_unforeseen.txt", &text);
}

#[test]
fn what_a_function_leaves_in_the_session_is_found() {
    let project = Project::of_things()
        .migration(
            "2026_01_02_1_make_leak",
            "-- Somebody else forgets to say LOCAL.\n\
             CREATE OR REPLACE FUNCTION leak() RETURNS void LANGUAGE plpgsql AS $$\nBEGIN\n\
             \x20   SET session_replication_role = replica;\n    CREATE TEMP TABLE scratch (a integer);\n\
             \x20   EXECUTE 'PREPARE leaked AS SELECT 1';\n    EXECUTE 'DECLARE leaked CURSOR WITH HOLD FOR SELECT 1';\n\
             \x20   LISTEN leaked;\n    PERFORM pg_advisory_lock(1);\n    SET ROLE pg_monitor;\nEND\n$$;\n\n\
             -- Rollback:\n--   DROP FUNCTION leak();\n",
        )
        .migration(
            "2026_01_03_1_leaks",
            "-- It is called.\n-- Changes nothing: it leaks.\n-- Not rerunnable: the table would be there.\nSELECT leak();\n\n\
             -- Nothing to undo: nothing.\n",
        )
        .migration(
            "2026_01_04_1_leaks_back",
            "-- Its rollback calls it.\nCREATE OR REPLACE VIEW thing_names AS SELECT name FROM things;\n\n\
             -- Rollback:\n--   DROP VIEW thing_names;\n--   SELECT leak();\n",
        );
    golden("migration_session.txt", &told(&project.prove(&["seal"])));
}

#[test]
fn what_changes_nothing_says_why() {
    let asks = "-- It asks whether things are there.\n<note>SELECT count(*) FROM things;\n\n\
         -- Nothing to undo: nothing.\n";
    let view = "-- It makes a view.\n<note>CREATE OR REPLACE VIEW thing_names AS SELECT name FROM things;\n\n\
         -- Rollback:\n--   DROP VIEW thing_names;\n";
    let row = "-- It makes a row.\n<note>INSERT INTO things VALUES (3, 'three') ON CONFLICT DO NOTHING;\n\n\
         -- Rollback:\n--   DELETE FROM things WHERE id = 3;\n--   -- Data loss: the third thing.\n";
    let sealed = |asks_note: &str, others_note: &str| {
        let project = Project::of_things()
            .migration("2026_01_02_1_asks", &asks.replace("<note>", asks_note))
            .migration("2026_01_03_1_view", &view.replace("<note>", others_note))
            .migration("2026_01_04_1_row", &row.replace("<note>", others_note))
            .rows(
                "2026_01_04_1_row",
                "-- changes forward, back: things: the third one comes and goes\n",
            );
        told(&project.prove(&["seal"]))
    };
    let note = "-- Changes nothing: it is a test.\n";
    golden("migration_changes_nothing.txt", &sealed(note, ""));
    golden("migration_changes_nothing_wrong.txt", &sealed("", note));
}

/// The minors of today's servers are others than those of the day of the seal.
#[test]
fn another_minor_is_no_difference() {
    let project = Project::of_things();
    assert_eq!(project.prove(&["seal"]).code, Some(0));
    let lock_file = project.lock_file();
    let (head, rest) = lock_file.split_once("proven_on = [\"").expect("a version");
    let (version, rest) = rest.split_once('"').expect("it ends");
    let (major, _) = version.split_once('.').expect("a minor");
    for sealed_on in [
        format!("\"{major}.999\""),
        format!("\"{major}\""),
        major.to_owned(),
    ] {
        let old_form = sealed_on.replace(&format!("\"{major}\""), major);
        let edited = format!("{head}proven_on = [{old_form}{rest}");
        project.put("migrations/migrations.lock", &edited);
        let run = project.prove(&["check"]);
        assert_eq!(run.code, Some(0), "{edited}\n{}", run.text());
        assert_eq!(
            project.prove(&["seal"]).code,
            Some(0),
            "nothing is to be sealed"
        );
        assert_eq!(project.lock_file(), edited);
    }
}
