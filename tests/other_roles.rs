//! Where several roles are at work: whose what is made is, and what a role may not see of the sessions of others.

mod support;

use dsentr_migrate::embedded::MIGRATIONS;
use support::executable::{Run, dsentr};
use support::library::{Library, up};
use support::server::{Database, Role, Server, Session};

/// A migration that alters a table of the one before it.
const BEFORE: &str = "2025_05_11_1";
const ALTERS: &str = "2025_05_12_1";

fn run(url: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Run {
    let run = dsentr(arguments).env("DATABASE_URL", url);
    let run = variables
        .iter()
        .fold(run, |run, (name, value)| run.env(name, value));
    run.run()
}

/// A database of an owner of its own, that is one migration behind.
fn one_behind(server: &Server) -> Database<'_> {
    let database = server.owned_database(Role::OwnerWithCreateRole);
    let before_last = MIGRATIONS[MIGRATIONS.len() - 2].version.to_string();
    let up = run(&database.url(), &["up", "--to", &before_last], &[]);
    assert_eq!(up.code, Some(0), "{}", up.text());
    assert!(!up.stderr.contains("belongs to"), "{}", up.stderr);
    database
}

/// The warning that a run gives, with the names of the roles.
fn warning(owner: &str, current: &str) -> String {
    format!(
        "the history belongs to {owner}, and this run is made by {current}: new objects will belong to {current}, and {owner} cannot change them; \
         what {owner} grants on new tables by default is not granted on them, so that the application may be unable to read them; \
         run it as {owner} (database.user), or as a member of it with database.options set to \"-c role={owner}\""
    )
}

#[tokio::test]
async fn a_run_by_another_role_than_the_owner_is_warned_of() {
    let server = Server::of_its_own();
    let database = one_behind(&server);
    let owner = database.user();
    let url = database.url_as("postgres");
    let expected = warning(owner, "postgres");
    let plan = run(&url, &["plan"], &[]);
    assert_eq!((plan.code, plan.stderr.as_str()), (Some(0), ""));
    let up = run(&url, &["up", "--output", "json"], &[]);
    assert_eq!(up.code, Some(0), "{}", up.text());
    assert_eq!(up.stderr.matches("the history belongs to").count(), 1);
    let report: serde_json::Value = serde_json::from_str(&up.stdout).expect("it is JSON");
    assert_eq!(report["warnings"], serde_json::json!([expected]));
    // Nothing is made, and nothing said.
    let again = run(&url, &["up", "--output", "json"], &[]);
    assert!(!again.text().contains("belongs to"), "{}", again.text());
    let back = run(
        &url,
        &["rollback", "--steps", "1", "--accept-data-loss"],
        &[],
    );
    assert_eq!(back.code, Some(0), "{}", back.text());
    let up = run(&url, &["up"], &[]);
    assert!(up.stderr.contains(&expected), "{}", up.stderr);
}

#[tokio::test]
async fn a_member_that_acts_as_the_owner_is_not() {
    let server = Server::of_its_own();
    let database = one_behind(&server);
    let owner = database.user();
    let member = format!("CREATE ROLE member LOGIN; GRANT {owner} TO member");
    server.administer(&[&member]);
    let options = format!("-c role={owner}");
    let up = run(
        &database.url_as("member"),
        &["up"],
        &[("DSENTR_MIGRATE_DATABASE_OPTIONS", &options)],
    );
    assert_eq!(up.code, Some(0), "{}", up.text());
    assert!(!up.stderr.contains("belongs to"), "{}", up.stderr);
    let session = database.session().await;
    let others = format!(
        "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND pg_get_userbyid(relowner) <> '{owner}'"
    );
    assert_eq!(session.value(&others).await, "0");
    session.close().await;
}

/// Where the owner grants nothing by default, that is not said.
#[tokio::test]
async fn default_privileges_that_are_the_same_are_not_spoken_of() {
    let server = Server::of_its_own();
    let database = server.owned_database(Role::OwnerWithCreateRole);
    let up = run(&database.url(), &["up", "--to", BEFORE], &[]);
    assert_eq!(up.code, Some(0), "{}", up.text());
    let up = run(&database.url_as("postgres"), &["up", "--to", ALTERS], &[]);
    assert!(
        up.stderr.contains("cannot change them; run it as"),
        "{}",
        up.stderr
    );
}

/// A session of another role that is in the way of a migration.
async fn in_the_way(database: &Database<'_>) -> Session {
    database.server().administer(&["CREATE ROLE other LOGIN"]);
    let owner = database.session().await;
    owner.batch("GRANT SELECT ON users TO other").await;
    owner.close().await;
    let other = Session::open(&database.url_as("other")).await;
    other.batch("BEGIN; SELECT count(*) FROM users").await;
    other
}

#[tokio::test]
async fn what_is_hidden_of_a_blocker_is_said_to_be_hidden() {
    let server = Server::of_its_own();
    let database = server.owned_database(Role::OwnerWithCreateRole);
    let up = run(&database.url(), &["up", "--to", BEFORE], &[]);
    assert_eq!(up.code, Some(0), "{}", up.text());
    let other = in_the_way(&database).await;
    let pid = other.value("SELECT pg_backend_pid()").await;
    let limits = [
        ("DSENTR_MIGRATE_TABLE_LOCK_TIMEOUT", "400ms"),
        ("DSENTR_MIGRATE_TABLE_LOCK_BUDGET", "0s"),
    ];
    let blocked = |arguments: &[&str]| run(&database.url(), arguments, &limits);
    let text = blocked(&["up", "--to", ALTERS]);
    assert_eq!(text.code, Some(5), "{}", text.text());
    let hidden = format!(
        "have it end, or end it with SELECT pg_terminate_backend({pid}): pid {pid} (an unnamed client as other, state hidden, time hidden): \
         query hidden; a member of pg_read_all_stats sees it"
    );
    assert!(text.stderr.contains(&hidden), "{}", text.stderr);
    let json = blocked(&["up", "--to", ALTERS, "--output", "json"]);
    let report: serde_json::Value = serde_json::from_str(&json.stdout).expect("it is JSON");
    assert_eq!(
        report["error"]["blockers"],
        serde_json::json!([{
            "pid": pid.parse::<i32>().expect("a number"),
            "user": "other",
            "application_name": "",
            "state": null,
            "seconds": null,
            "query": null,
            "hidden": true
        }])
    );
    // The termination log of a container says the same.
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let log = folder.path().join("termination-log");
    std::fs::write(&log, "").expect("it can be written");
    let log = log.display().to_string();
    let variables = [
        limits[0],
        limits[1],
        ("DSENTR_MIGRATE_REPORT_TERMINATION_LOG", &log),
    ];
    run(&database.url(), &["up", "--to", ALTERS], &variables);
    let written = std::fs::read_to_string(&log).expect("it can be read");
    assert!(written.contains(&hidden), "{written}");
    // Who may see it does.
    server.administer(&[&format!("GRANT pg_read_all_stats TO {}", database.user())]);
    let seen = blocked(&["up", "--to", ALTERS]);
    let shown =
        format!("pid {pid} (client backend as other, idle in transaction, transaction open for ");
    assert!(seen.stderr.contains(&shown), "{}", seen.stderr);
    assert!(
        seen.stderr.contains("): SELECT pg_backend_pid()"),
        "{}",
        seen.stderr
    );
    other.close().await;
}

/// Of the one who keeps the schema from being read.
#[tokio::test]
async fn what_is_hidden_of_who_holds_a_table_is_said_to_be_hidden() {
    let server = Server::of_its_own();
    let database = server.owned_database(Role::OwnerWithCreateRole);
    let up = run(&database.url(), &["up"], &[]);
    assert_eq!(up.code, Some(0), "{}", up.text());
    server.administer(&["CREATE ROLE other LOGIN SUPERUSER"]);
    let other = Session::open(&database.url_as("other")).await;
    other
        .batch("BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE")
        .await;
    let limits = [
        ("DSENTR_MIGRATE_TABLE_LOCK_TIMEOUT", "100ms"),
        ("DSENTR_MIGRATE_TABLE_LOCK_BUDGET", "0s"),
    ];
    let verify = run(&database.url(), &["verify"], &limits);
    assert_eq!(verify.code, Some(5), "{}", verify.text());
    let hidden = "(an unnamed client as other, state hidden, time hidden): query hidden; a member of pg_read_all_stats sees it";
    assert!(verify.stderr.contains(hidden), "{}", verify.stderr);
    other.close().await;
}

#[tokio::test]
async fn what_is_hidden_of_the_holder_of_the_lock_is_said_to_be_hidden() {
    let server = Server::of_its_own();
    let database = server.owned_database(Role::OwnerWithCreateRole);
    server.administer(&["CREATE ROLE other LOGIN"]);
    let other = Session::open(&database.url_as("other")).await;
    let key = dsentr_migrate::lock::key(&dsentr_migrate::config::HistoryTable {
        schema: "public".to_owned(),
        table: "refinery_schema_history".to_owned(),
    });
    other
        .value(&format!("SELECT pg_advisory_lock({key})"))
        .await;
    let pid = other.value("SELECT pg_backend_pid()").await;
    let up = run(
        &database.url(),
        &["up"],
        &[("DSENTR_MIGRATE_LOCK_TIMEOUT", "100ms")],
    );
    assert_eq!(up.code, Some(5), "{}", up.text());
    let hidden = format!(
        "held by an unnamed client as other (pid {pid}, from a hidden address, connected since a hidden time, state hidden; a member of pg_read_all_stats sees it)"
    );
    assert!(up.stderr.contains(&hidden), "{}", up.stderr);
    other.close().await;
}

/// Who acts as another role than the one that has logged in may not see its own session either.
#[tokio::test]
async fn a_blocker_is_found_by_a_run_that_acts_as_another_role() {
    let server = Server::of_its_own();
    let database = server.owned_database(Role::OwnerWithCreateRole);
    let owner = database.user();
    server.administer(&[&format!(
        "CREATE ROLE member LOGIN; GRANT {owner} TO member"
    )]);
    let options = format!("-c role={owner}");
    let variables = [
        ("DSENTR_MIGRATE_DATABASE_OPTIONS", options.as_str()),
        ("DSENTR_MIGRATE_TABLE_LOCK_TIMEOUT", "400ms"),
        ("DSENTR_MIGRATE_TABLE_LOCK_BUDGET", "0s"),
    ];
    let url = database.url_as("member");
    let up = run(&url, &["up", "--to", BEFORE], &variables);
    assert_eq!(up.code, Some(0), "{}", up.text());
    let other = in_the_way(&database).await;
    let pid = other.value("SELECT pg_backend_pid()").await;
    let up = run(&url, &["up", "--to", ALTERS], &variables);
    assert_eq!(up.code, Some(5), "{}", up.text());
    assert!(up.stderr.contains(&format!("pid {pid} (")), "{}", up.stderr);
    other.close().await;
}

/// Which index another role makes is hidden. It is waited for all the same, and not dropped as one that was left behind.
#[tokio::test]
async fn an_index_that_another_role_makes_is_not_taken_for_one_that_was_left_behind() {
    let server = Server::of_its_own();
    let database = server.owned_database(Role::Owner);
    server.administer(&["CREATE ROLE other LOGIN SUPERUSER"]);
    let library = Library::of(&[(
        "2025_01_01_1_late.sql",
        "-- An index on what is large by now.\n-- migrate: no-transaction\n\
         CREATE INDEX CONCURRENTLY IF NOT EXISTS late ON public.t (id);\n\n\
         -- Rollback:\n--   DROP INDEX CONCURRENTLY IF EXISTS public.late;\n",
    )]);
    let owner = database.session().await;
    owner.batch("CREATE TABLE t (id int)").await;
    // What has a snapshot keeps the index from becoming valid.
    let reader = Session::open(&database.url_as("other")).await;
    let maker = Session::open(&database.url_as("other")).await;
    let watcher = Session::open(&database.url_as("postgres")).await;
    reader
        .batch("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM t")
        .await;
    let url = database.url();
    let run = async {
        watcher
            .until("SELECT count(*) FROM pg_stat_progress_create_index", "1")
            .await;
        library.run(&url, up()).await
    };
    let release = async {
        let looked = format!(
            "SELECT count(*) > 0 FROM pg_stat_activity WHERE usename = '{}' \
             AND (query LIKE '%indisvalid%' OR query LIKE 'DROP INDEX%')",
            database.user()
        );
        let watcher = Session::open(&database.url_as("postgres")).await;
        watcher.until(&looked, "t").await;
        let oid = watcher.value("SELECT 'late'::regclass::oid").await;
        reader.batch("COMMIT").await;
        watcher.close().await;
        oid
    };
    let (ended, oid, ()) = tokio::join!(
        run,
        release,
        maker.batch("CREATE INDEX CONCURRENTLY late ON t (id)")
    );
    assert!(ended.result.is_ok(), "{}", ended.text());
    let now = "SELECT indexrelid FROM pg_index WHERE indexrelid = 'late'::regclass AND indisvalid";
    assert_eq!(watcher.value(now).await, oid);
    for session in [owner, reader, maker, watcher] {
        session.close().await;
    }
}
