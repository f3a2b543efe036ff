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
    assert!(
        sealed.contains(&format!("proven_on = [{major}]\n")),
        "{sealed}"
    );
    assert_eq!(project.prove(&["seal", "--all"]).code, Some(0));
    assert_eq!(
        project.lock_file(),
        sealed,
        "an owner and a superuser see the same"
    );
}
