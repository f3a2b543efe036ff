//! A history that somebody has changed by hand, or that was restored without its constraints: what each command says of it, and
//! the way out.

mod support;

use dsentr_migrate::embedded::MIGRATIONS;
use support::executable::{Run, dsentr};
use support::golden::golden;
use support::mask::mask;
use support::mutations::give_back;
use support::server::{Database, Server, Session};

/// The history.
const TABLE: &str = "refinery_schema_history";

/// All that a damage is shown to.
const COMMANDS: [&[&str]; 6] = [
    &["up"],
    &["status"],
    &["plan"],
    &["verify"],
    &["rollback", "--steps", "1"],
    &["adopt"],
];

fn run(database: &Database<'_>, arguments: &[&str]) -> Run {
    let run = dsentr(arguments).env("DATABASE_URL", &database.url());
    run.env("DSENTR_MIGRATE_WAIT_TIMEOUT", "0s").run()
}

fn succeeds(database: &Database<'_>, arguments: &[&str]) -> Run {
    let run = run(database, arguments);
    assert_eq!(run.code, Some(0), "{arguments:?}: {}", run.text());
    run
}

/// What a damage does, with `{second}` and `{newest}` for versions.
struct Damage {
    name: &'static str,
    sql: &'static str,
}

const DAMAGES: [Damage; 11] = [
    Damage {
        name: "deleted_row",
        sql: "DELETE FROM refinery_schema_history WHERE version = {second}",
    },
    Damage {
        name: "duplicate_row",
        sql: "ALTER TABLE refinery_schema_history DROP CONSTRAINT refinery_schema_history_pkey; \
              INSERT INTO refinery_schema_history SELECT * FROM refinery_schema_history WHERE version = {second}",
    },
    Damage {
        name: "null_name",
        sql: "UPDATE refinery_schema_history SET name = NULL WHERE version = {second}",
    },
    Damage {
        name: "null_checksum",
        sql: "UPDATE refinery_schema_history SET checksum = NULL WHERE version = {second}",
    },
    Damage {
        name: "null_version",
        sql: "ALTER TABLE refinery_schema_history DROP CONSTRAINT refinery_schema_history_pkey; \
              ALTER TABLE refinery_schema_history ALTER version DROP NOT NULL; \
              UPDATE refinery_schema_history SET version = NULL WHERE version = {second}",
    },
    Damage {
        name: "renamed_column",
        sql: "ALTER TABLE refinery_schema_history RENAME checksum TO \"Check Sum\"",
    },
    Damage {
        name: "renamed_version",
        sql: "ALTER TABLE refinery_schema_history RENAME version TO id",
    },
    Damage {
        name: "missing_column",
        sql: "ALTER TABLE refinery_schema_history DROP applied_on",
    },
    Damage {
        name: "version_of_text",
        sql: "ALTER TABLE refinery_schema_history ALTER version TYPE text",
    },
    Damage {
        name: "time_of_other_type",
        sql: "ALTER TABLE refinery_schema_history ALTER applied_on TYPE timestamptz USING applied_on::timestamptz",
    },
    Damage {
        name: "version_of_words",
        sql: "ALTER TABLE refinery_schema_history ALTER version TYPE text USING 'V' || version",
    },
];

impl Damage {
    async fn is_done(&self, session: &Session) {
        let [second, newest] = [MIGRATIONS.get(1), MIGRATIONS.last()].map(|migration| {
            migration
                .expect("there are migrations")
                .version
                .as_i64()
                .to_string()
        });
        let sql = self.sql.replace("{second}", &second);
        session.batch(&sql.replace("{newest}", &newest)).await;
    }
}

/// A database that is at the newest version.
async fn scene() -> (Database<'static>, Session) {
    let database = Server::shared().database();
    succeeds(&database, &["up"]);
    let session = database.session().await;
    (database, session)
}

/// The same, which is only copied.
async fn copy(template: &Database<'static>) -> (Database<'static>, Session) {
    let database = Server::shared().copy_of(template);
    let session = database.session().await;
    give_back(&database, &session).await;
    (database, session)
}

fn template() -> Database<'static> {
    let template = Server::shared().database();
    succeeds(&template, &["up"]);
    template
}

#[tokio::test]
async fn each_command_says_what_is_wrong() {
    let (database, session) = scene().await;
    session
        .batch(&format!("CREATE TABLE saved (LIKE {TABLE} INCLUDING ALL); INSERT INTO saved SELECT * FROM {TABLE}"))
        .await;
    for damage in &DAMAGES {
        damage.is_done(&session).await;
        let texts = COMMANDS.map(|command| {
            let run = run(&database, command);
            // `status` shows what it finds, and succeeds.
            let codes: &[i32] = if command == ["status"] { &[0, 4] } else { &[4] };
            assert!(
                run.code.is_some_and(|code| codes.contains(&code)),
                "{}: {command:?}: {}",
                damage.name,
                run.text()
            );
            let text = mask(&run.text(), &database);
            format!("$ dsentr-migrate {}\n{}\n", command.join(" "), short(&text))
        });
        golden(&format!("damaged_{}.txt", damage.name), &texts.concat());
        session
            .batch(&format!("DROP TABLE {TABLE}; CREATE TABLE {TABLE} (LIKE saved INCLUDING ALL); INSERT INTO {TABLE} SELECT * FROM saved"))
            .await;
        // The name of the key is that of the first one, for the next damage.
        session
            .batch(&format!(
                "ALTER INDEX IF EXISTS {TABLE}_pkey1 RENAME TO {TABLE}_pkey"
            ))
            .await;
    }
    session.close().await;
}

/// Without the lines of what is all right.
fn short(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.starts_with("  applied "));
    lines.map(|line| format!("{line}\n")).collect()
}

#[tokio::test]
async fn the_history_is_written_anew_from_the_schema() {
    let rows = format!("SELECT version, name, checksum FROM {TABLE} ORDER BY version");
    let times = format!("SELECT version, applied_on FROM {TABLE} ORDER BY version");
    let template = template();
    for damage in &DAMAGES {
        let (database, session) = copy(&template).await;
        let [before, at] = [session.rows(&rows).await, session.rows(&times).await];
        damage.is_done(&session).await;
        let oid = session
            .value(&format!("SELECT '{TABLE}'::regclass::oid"))
            .await;
        let kept = format!("SELECT oid FROM pg_class WHERE relname = '{TABLE}_old_1'");
        let shown = succeeds(&database, &["adopt", "--rebuild-history", "--dry-run"]);
        assert_eq!(session.rows(&kept).await, [""; 0], "{}", damage.name);
        let done = succeeds(&database, &["adopt", "--rebuild-history"]);
        if damage.name == "deleted_row" {
            let both = shown.text() + &done.text();
            golden("damaged_rebuilt.txt", &mask(&both, &database));
        }
        assert_eq!(session.value(&kept).await, oid, "{}", damage.name);
        assert_eq!(session.rows(&rows).await, before, "{}", damage.name);
        if damage.name == "deleted_row" {
            let now = session.rows(&times).await;
            let kept = at.iter().filter(|time| now.contains(time)).count();
            assert_eq!(
                kept,
                at.len() - 1,
                "when the others were applied stays known"
            );
        }
        for command in [
            &["up"][..],
            &["verify"],
            &["status", "--check"],
            &[
                "rollback",
                "--steps",
                "1",
                "--accept-data-loss",
                "--dry-run",
            ],
        ] {
            succeeds(&database, command);
        }
        session.close().await;
    }
}

/// The statements that the help names.
#[tokio::test]
async fn a_table_is_mended_by_the_statements_that_are_named() {
    let mut mended = 0;
    let template = template();
    for damage in &DAMAGES {
        let (database, session) = copy(&template).await;
        damage.is_done(&session).await;
        let run = run(&database, &["rollback", "--steps", "1"]);
        let help = run
            .stderr
            .lines()
            .find_map(|line| line.strip_prefix("help: mend the table as its owner: "));
        if let Some(sql) = help
            && damage.name != "version_of_words"
        {
            session.batch(sql).await;
            succeeds(&database, &["verify"]);
            mended += 1;
        }
        session.close().await;
    }
    assert_eq!(mended, 4, "the columns, their types");
}

/// Without a key two runners could apply one migration, and nothing in the rows tells.
#[tokio::test]
async fn a_history_without_a_key_is_not_written_to() {
    let database = Server::shared().database();
    let before_last = MIGRATIONS[MIGRATIONS.len() - 2].version.to_string();
    succeeds(&database, &["up", "--to", &before_last]);
    let session = database.session().await;
    session
        .batch(&format!("ALTER TABLE {TABLE} DROP CONSTRAINT {TABLE}_pkey"))
        .await;
    let run = run(&database, &["up"]);
    golden("damaged_no_key.txt", &mask(&run.text(), &database));
    session
        .batch(&format!("ALTER TABLE {TABLE} ADD PRIMARY KEY (version)"))
        .await;
    succeeds(&database, &["up"]);
    session.close().await;
}

/// Of versions with one schema the newest that the rows know is taken: a data step is not done twice.
#[tokio::test]
async fn owner_and_privileges_go_over_and_a_second_rebuild_finds_another_name() {
    let server = Server::of_its_own();
    let database = server.database();
    succeeds(&database, &["up"]);
    let session = database.session().await;
    session
        .batch(&format!(
            "CREATE ROLE \"The Owner\"; CREATE ROLE \"A.Reader\"; GRANT CREATE ON SCHEMA public TO \"The Owner\"; \
             ALTER TABLE {TABLE} OWNER TO \"The Owner\"; GRANT SELECT ON {TABLE} TO PUBLIC; \
             GRANT SELECT, INSERT ON {TABLE} TO \"A.Reader\" WITH GRANT OPTION"
        ))
        .await;
    let who = format!(
        "SELECT pg_get_userbyid(relowner), ARRAY(SELECT a::text FROM unnest(relacl) a ORDER BY 1) FROM pg_class WHERE oid = '{TABLE}'::regclass"
    );
    let before = session.value(&who).await;
    for nth in 1..=2 {
        succeeds(&database, &["adopt", "--rebuild-history"]);
        assert_eq!(session.value(&who).await, before);
        let kept = format!("SELECT count(*) FROM {TABLE}_old_{nth}");
        assert_eq!(session.value(&kept).await, MIGRATIONS.len().to_string());
    }
    session.close().await;
}

#[tokio::test]
async fn nothing_is_lost_where_it_fails_half_way() {
    let (database, session) = scene().await;
    session
        .batch(&format!(
            "DELETE FROM {TABLE} WHERE version = {second}; \
             CREATE FUNCTION refuses() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN \
               IF EXISTS (SELECT FROM pg_event_trigger_ddl_commands() WHERE command_tag = 'COMMENT') THEN RAISE 'not now'; END IF; END$$; \
             CREATE EVENT TRIGGER refuses ON ddl_command_end EXECUTE FUNCTION refuses()",
            second = MIGRATIONS[1].version.as_i64()
        ))
        .await;
    let rows = format!("SELECT * FROM {TABLE} ORDER BY version");
    let before = session.rows(&rows).await;
    let run = run(
        &database,
        &[
            "adopt",
            "--rebuild-history",
            "--at",
            &MIGRATIONS[MIGRATIONS.len() - 1].version.to_string(),
            "--accept-differences",
        ],
    );
    assert_eq!(run.code, Some(1), "{}", run.text());
    assert_eq!(session.rows(&rows).await, before);
    let tables = format!("SELECT count(*) FROM pg_class WHERE relname LIKE '{TABLE}\\_old%'");
    assert_eq!(session.value(&tables).await, "0");
    session.close().await;
}

#[tokio::test]
async fn an_empty_schema_proves_nothing() {
    let database = Server::shared().database();
    let session = database.session().await;
    session
        .batch(&format!("CREATE TABLE {TABLE} (id int)"))
        .await;
    let run = run(&database, &["adopt", "--rebuild-history"]);
    golden("damaged_empty.txt", &mask(&run.text(), &database));
    let sql = run.stderr.lines().find_map(|line| {
        let (_, sql) = line.split_once("is meant, run ")?;
        sql.split_once(';').map(|(sql, _)| sql.to_owned())
    });
    session.batch(&sql.expect("a statement is named")).await;
    succeeds(&database, &["up"]);
    succeeds(&database, &["verify"]);
    session.close().await;
}
