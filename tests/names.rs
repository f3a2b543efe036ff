//! Names that SQL takes only in quotes, or that mean something else without them: every command works with each of them.

mod support;

use support::executable::{Run, dsentr};
use support::server::{Server, Session};

/// The role that owns the database, the database, and where its history is kept.
struct Names {
    role: &'static str,
    database: &'static str,
    schema: &'static str,
    table: &'static str,
}

const NAMES: [Names; 7] = [
    Names {
        role: "MyApp",
        database: "My App",
        schema: "public",
        table: "refinery_schema_history",
    },
    Names {
        role: "first.last",
        database: "first.last",
        schema: "his.tory",
        table: "the history",
    },
    Names {
        role: "svc@proj.iam",
        database: "it's \"quoted\"",
        schema: "it's \"quoted\"",
        table: "it's \"quoted\"",
    },
    Names {
        role: "dsentr-x",
        database: "überall",
        schema: "Geschichte der Änderungen",
        table: "Änderungen",
    },
    Names {
        role: "owner",
        database: "owner",
        schema: "owner",
        table: "owner",
    },
    Names {
        role: "1st",
        database: "public",
        schema: "1st",
        table: "select",
    },
    Names {
        role: "a role whose name has sixty-three bytes, as many as there can be",
        database: "A database whose name has sixty-three bytes, as many as may be.",
        schema: "A schema, the name of which has sixty-three bytes, as many as it",
        table: "A history, the name of which has 56 bytes, as many as it",
    },
];

/// As the server has it: of a name that is longer the rest is cut off.
fn cut(name: &str) -> &str {
    &name[..name.len().min(63)]
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

struct Place<'a> {
    port: String,
    names: &'a Names,
}

impl Place<'_> {
    fn run(&self, arguments: &[&str]) -> Run {
        let admin = format!("postgres://postgres@127.0.0.1:{}/postgres", self.port);
        dsentr(arguments)
            .env("PGHOST", "127.0.0.1")
            .env("PGPORT", &self.port)
            .env("PGUSER", cut(self.names.role))
            .env("PGDATABASE", cut(self.names.database))
            .env("DSENTR_MIGRATE_HISTORY_SCHEMA", cut(self.names.schema))
            .env("DSENTR_MIGRATE_HISTORY_TABLE", cut(self.names.table))
            .env("DSENTR_MIGRATE_BOOTSTRAP_URL", &admin)
            .run()
    }

    fn succeeds(&self, arguments: &[&str]) -> Run {
        let run = self.run(arguments);
        let Names { role, database, .. } = self.names;
        assert_eq!(
            run.code,
            Some(0),
            "{arguments:?} as {role} in {database}: {}",
            run.text()
        );
        assert!(
            !run.stderr.contains("WARN"),
            "{arguments:?} as {role} in {database}: {}",
            run.text()
        );
        run
    }
}

#[tokio::test]
async fn every_command_works_with_every_name() {
    let server = Server::of_its_own();
    for names in &NAMES {
        let place = Place {
            port: server.port().to_string(),
            names,
        };
        place.succeeds(&["bootstrap", "--dry-run"]);
        place.succeeds(&["bootstrap"]);
        let mut config = tokio_postgres::Config::new();
        config
            .host("127.0.0.1")
            .port(server.port())
            .user(cut(names.role))
            .dbname(cut(names.database));
        let owner = Session::of(&config).await;
        if names.schema != "public" {
            owner
                .batch(&format!("CREATE SCHEMA {}", quoted(cut(names.schema))))
                .await;
        }
        for command in [
            &["wait"][..],
            &["up", "--to", "2025_05_11_1"],
            &["status"],
            &["plan"],
            &["up", "--verify"],
            &["verify"],
            &["verify", "--others"],
            &["wait", "--for", "schema"],
            &[
                "rollback",
                "--steps",
                "1",
                "--accept-data-loss",
                "--dry-run",
            ],
            &["rollback", "--steps", "1", "--accept-data-loss"],
            &["up"],
            &["adopt"],
            &["adopt", "--rebuild-history", "--dry-run"],
            &["adopt", "--rebuild-history"],
            &["verify"],
            &["bootstrap"],
            &["status", "--check"],
            &["script"],
            &[
                "script",
                "--rollback",
                "--from",
                "2025_05_11_1",
                "--to",
                "2025_05_08_1",
                "--accept-data-loss",
            ],
            &["config"],
        ] {
            place.succeeds(command);
        }
        let kept = quoted(&format!("{}_old_1", cut(names.table)));
        let history = format!("{}.{kept}", quoted(cut(names.schema)));
        assert_ne!(
            owner
                .value(&format!("SELECT count(*) FROM {history}"))
                .await,
            "0"
        );
        owner.close().await;
    }
}

/// The name of a role without quotes is that of another.
#[tokio::test]
async fn a_role_is_not_taken_for_another_that_is_written_in_small_letters() {
    let server = Server::of_its_own();
    server.administer(&[
        "CREATE ROLE dsentr LOGIN CREATEROLE",
        "CREATE ROLE \"Dsentr\" LOGIN CREATEROLE",
        "CREATE DATABASE theirs OWNER dsentr",
        "CREATE DATABASE ours OWNER \"Dsentr\"",
    ]);
    let url = |role: &str, database: &str| {
        format!("postgres://{role}@127.0.0.1:{}/{database}", server.port())
    };
    for (database, owner) in [("ours", "Dsentr"), ("theirs", "dsentr")] {
        let admin = Session::open(&url("postgres", database)).await;
        admin
            .batch(&format!(
                "ALTER SCHEMA public OWNER TO {}; GRANT ALL ON SCHEMA public TO PUBLIC",
                quoted(owner)
            ))
            .await;
        let up = dsentr(&["up"])
            .env("DATABASE_URL", &url(owner, database))
            .run();
        assert_eq!(up.code, Some(0), "{}", up.text());
        admin
            .batch(&format!("DROP TABLE refinery_schema_history; GRANT ALL ON DATABASE {database} TO PUBLIC; GRANT ALL ON SCHEMA public TO PUBLIC"))
            .await;
        admin.close().await;
    }
    let adopt = |database: &str| {
        let adopt = dsentr(&["adopt", "--dry-run", "--output", "json"])
            .env("DATABASE_URL", &url("Dsentr", database));
        let adopt = adopt.run();
        let report: serde_json::Value = serde_json::from_str(&adopt.stdout).expect("it is JSON");
        assert!(report["claims"].is_array(), "{}", adopt.text());
        report["owned_by"].clone()
    };
    assert_eq!(adopt("ours"), serde_json::Value::Null);
    let theirs = adopt("theirs");
    assert_eq!(theirs["role"], "dsentr");
    assert_eq!(theirs["instead_of"], "\"Dsentr\"");
}

/// The table beside the history would be cut off to its name.
#[test]
fn a_name_that_leaves_no_room_for_another_is_refused() {
    let run = dsentr(&["status"])
        .env("DATABASE_URL", "postgres://nobody@127.0.0.1:1/nowhere")
        .env("DSENTR_MIGRATE_HISTORY_TABLE", &"h".repeat(57))
        .run();
    assert_eq!(run.code, Some(2), "{}", run.text());
    assert!(run.stderr.contains("history.table"), "{}", run.stderr);
    assert!(run.stderr.contains("56 bytes"), "{}", run.stderr);
}
