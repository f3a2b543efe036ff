//! Every kind of failure that a migration can meet, provoked on a real server: the place in the file, the state of
//! the database, whether to run again, and what to do.

mod support;

use std::collections::{BTreeMap, BTreeSet};

use dsentr_migrate::apply::{Cause, Failure, Left, Reach, Standing, Task};
use dsentr_migrate::error::Error;
use dsentr_migrate::report::{ADVICE_BY_CLASS, ADVICE_BY_CODE, ErrorReport, Paint, render_error};
use dsentr_migrate::server_error::ServerError;
use support::golden::golden;
use support::library::{Library, up};
use support::mask::mask;
use support::server::{Database, Role, Server, Session};

/// A migration that fails.
#[derive(Clone, Copy)]
struct Case {
    /// The SQLSTATE that it fails with.
    code: &'static str,
    /// Sets it apart from other cases of that code.
    variant: &'static str,
    /// Who runs it: a role that owns the database and nothing else, or the superuser.
    role: Option<Role>,
    /// What the superuser did to the database before.
    setup: &'static str,
    /// The rule of unsafe DDL that refuses it.
    allowed: &'static str,
    /// The forward part. A table `first (id int PRIMARY KEY)` is there, and is empty.
    forward: &'static str,
}

impl Case {
    fn name(&self) -> String {
        match self.variant {
            "" => self.code.to_owned(),
            variant => format!("{}_{variant}", self.code),
        }
    }
}

const fn case(code: &'static str, forward: &'static str) -> Case {
    Case {
        code,
        variant: "",
        role: None,
        setup: "",
        allowed: "",
        forward,
    }
}

impl Case {
    const fn variant(mut self, variant: &'static str) -> Self {
        self.variant = variant;
        self
    }

    const fn after(mut self, setup: &'static str) -> Self {
        self.setup = setup;
        self
    }

    const fn allowing(mut self, rule: &'static str) -> Self {
        self.allowed = rule;
        self
    }

    const fn as_owner(mut self) -> Self {
        self.role = Some(Role::Owner);
        self
    }
}

const CASES: &[Case] = &[
    case("08003", "SELECT dblink_is_busy('nosuch');").after("CREATE EXTENSION dblink"),
    case("0A000", "SELECT count(*) FROM first FOR UPDATE;"),
    case("0LP01", "GRANT EXECUTE ON TABLE first TO PUBLIC;"),
    case(
        "0Z002",
        "DO $$\nDECLARE\n    text text;\nBEGIN\n    GET STACKED DIAGNOSTICS text = MESSAGE_TEXT;\nEND\n$$;",
    ),
    case(
        "20000",
        "DO $$\nDECLARE\n    plan text := 'gratis';\nBEGIN\n    CASE plan\n        WHEN 'solo' THEN NULL;\n        WHEN 'team' THEN NULL;\n    END CASE;\nEND\n$$;",
    ),
    case(
        "21000",
        "SELECT '多い' AS \"列\", (SELECT id FROM first);",
    )
    .after("INSERT INTO first VALUES (1), (2)")
    .variant("non_ascii"),
    case("22001", "ALTER TABLE users ALTER COLUMN name TYPE varchar(3);").allowing("column-type")
        .after("CREATE TABLE users (name text); INSERT INTO users VALUES ('Zoë'), ('Özgür')"),
    case("22003", "INSERT INTO first\nSELECT 2147483647 + n FROM generate_series(1, 3) AS n;"),
    case("22004", "SELECT format('DROP TABLE %I', NULL);"),
    case("22007", "SELECT '🦀🦀🦀' AS crabs, 'gestern'::date;").variant("behind_emoji"),
    case("22008", "SELECT '2025-02-30'::date;"),
    case("22011", "SELECT substring('abc' FROM 1 FOR -1);"),
    case(
        "22012",
        "CREATE FUNCTION share(total int, members int) RETURNS int LANGUAGE plpgsql AS $$\nBEGIN\n    -- größer als nötig\n    RETURN total / members;\nEND\n$$;\nSELECT share(1, 0);",
    )
    .variant("in_a_function"),
    case("22021", "SELECT convert_from('\\xff'::bytea, 'UTF8');"),
    case("22023", "SELECT generate_series(1, 2, 0);"),
    case("22025", "SELECT 'a' LIKE 'a' ESCAPE 'xx';"),
    case("22026", "CREATE TABLE flags (bits bit(2));\nINSERT INTO flags VALUES (B'101');"),
    case("2201B", "SELECT 'a' ~ '(';"),
    case("2201E", "SELECT ln(0.0);"),
    case("2201F", "SELECT sqrt(-1.0);"),
    case("2201W", "SELECT 1 LIMIT -1;"),
    case("22P02", "ALTER TABLE settings ALTER COLUMN value TYPE int USING value::int;").allowing("column-type")
        .after("CREATE TABLE settings (value text); INSERT INTO settings VALUES ('1'), ('zwölf')"),
    case("22P05", "SELECT convert_to('東京', 'LATIN1');").variant("non_ascii"),
    case("23502", "ALTER TABLE users ALTER COLUMN name SET NOT NULL;").allowing("set-not-null")
        .after("CREATE TABLE users (id int, name text); INSERT INTO users VALUES (1, 'ada'), (2, NULL)"),
    case("23503", "ALTER TABLE members ADD FOREIGN KEY (team) REFERENCES first;").allowing("foreign-key")
        .after("CREATE TABLE members (team int); INSERT INTO members VALUES (7)"),
    case(
        "23503",
        "CREATE TABLE members (team int REFERENCES first DEFERRABLE INITIALLY DEFERRED);\nINSERT INTO members VALUES (7);",
    )
    .variant("at_commit"),
    case("23505", "CREATE UNIQUE INDEX users_name ON users (name);").allowing("create-index")
        .after("CREATE TABLE users (name text); INSERT INTO users VALUES ('Zoë'), ('Zoë')"),
    case("23514", "ALTER TABLE runs ADD CHECK (seconds > 0);").allowing("check-constraint")
        .after("CREATE TABLE runs (seconds int); INSERT INTO runs VALUES (-1)"),
    case(
        "23514",
        "DO $$\nBEGIN\n    -- für jede Gruppe\n    RAISE EXCEPTION 'teams are left' USING ERRCODE = 'check_violation', HINT = 'drop them';\nEND\n$$;",
    )
    .variant("raised_in_a_do_body"),
    case(
        "23P01",
        "ALTER TABLE rooms ADD EXCLUDE USING gist (days WITH &&);",
    ).allowing("exclusion-constraint")
    .after("CREATE TABLE rooms (days int4range); INSERT INTO rooms VALUES ('[1,3)'), ('[2,4)')"),
    case("25001", "SELECT tidy();")
        .after("CREATE FUNCTION tidy() RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'VACUUM first'; END $$"),
    case("25006", "SET LOCAL transaction_read_only TO on;\nCREATE TABLE second (id int);"),
    case("26000", "SELECT forget();")
        .after("CREATE FUNCTION forget() RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'DEALLOCATE nosuch'; END $$"),
    case(
        "27000",
        "UPDATE counters SET number = number + 1;",
    )
    .after("CREATE TABLE counters (number int); INSERT INTO counters VALUES (1); CREATE FUNCTION again() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE counters SET number = 0; RETURN NEW; END $$; CREATE TRIGGER again BEFORE UPDATE ON counters FOR EACH ROW WHEN (NEW.number > 0) EXECUTE FUNCTION again()"),
    case("2BP01", "DROP FUNCTION tax(int);").allowing("drop-object")
        .after("CREATE FUNCTION tax(int) RETURNS int LANGUAGE sql AS 'SELECT $1'; CREATE VIEW by_hand AS SELECT tax(id) FROM first"),
    case("2D000", "CALL settle();")
        .after("CREATE PROCEDURE settle() LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$"),
    case(
        "2F005",
        "CREATE FUNCTION silent() RETURNS int LANGUAGE plpgsql AS $$\nBEGIN\n    PERFORM 1;\nEND\n$$;\nSELECT silent();",
    ),
    case("34000", "FETCH 1 FROM nosuch;"),
    case("3D000", "GRANT CONNECT ON DATABASE \"dsentr_prod\" TO PUBLIC;"),
    case("3F000", "CREATE TABLE billing.cycles (id int);"),
    case("42501", "ALTER TABLE payroll ADD COLUMN label text;")
        .after("CREATE TABLE payroll (id int)")
        .as_owner(),
    case("42501", "CREATE EXTENSION dblink;").variant("extension").as_owner(),
    case("42601", "DO $$\nBEGIN\n    EXECUTE 'SELEC 1';\nEND\n$$;"),
    case("42602", "SELECT 'a b'::regclass;"),
    case("42701", "ALTER TABLE first ADD COLUMN label text;")
        .after("ALTER TABLE first ADD COLUMN label text"),
    case("42702", "SELECT id FROM first AS a, first AS b;"),
    case("42703", "SELECT \"Straße\" FROM \"Büro\";")
        .after("CREATE TABLE \"Büro\" (id int)")
        .variant("quoted_identifier"),
    case(
        "42703",
        "-- Every line of this file is longer in bytes than in characters: ä ö ü ß 東京 🦀\n\
         /* A comment /* in a comment */ with ; and 'quotes' and $$ in it. */\n\
         CREATE TABLE tags (\n    label text -- 🏷️ was «nom»\n);\n\
         -- INSERT INTO tags (nope) VALUES (1);\n\
         /* ü */ INSERT INTO tags /* ÿ */ (label, nope /* here */) VALUES ('ñ', 1); -- ö",
    )
    .variant("among_comments"),
    case("42704", "ALTER TABLE first ADD COLUMN place geography;"),
    case("42710", "CREATE TYPE mood AS ENUM ('ok');").after("CREATE TYPE mood AS ENUM ('ok')"),
    case("42712", "SELECT 1 FROM first, first;"),
    case("42723", "CREATE FUNCTION now_utc() RETURNS int LANGUAGE sql AS 'SELECT 1';")
        .after("CREATE FUNCTION now_utc() RETURNS int LANGUAGE sql AS 'SELECT 1'"),
    case("42725", "SELECT pair('1', '2');")
        .after("CREATE FUNCTION pair(int, float) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE FUNCTION pair(float, int) RETURNS int LANGUAGE sql AS 'SELECT 1'"),
    case("42803", "SELECT id, count(*) FROM first;"),
    case("42804", "INSERT INTO first SELECT label FROM names;")
        .after("CREATE TABLE names (label text)"),
    case("42809", "CREATE OR REPLACE VIEW totals AS SELECT 1 AS number;")
        .after("CREATE TABLE totals (number int)"),
    case("42830", "CREATE TABLE members (name text REFERENCES users (name));")
        .after("CREATE TABLE users (name text)"),
    case("42846", "SELECT CAST(now() AS int);"),
    case("42883", "SELECT 'Zoë 🦀', soundex('Zoë');").variant("behind_emoji"),
    case("42939", "CREATE SCHEMA pg_dsentr;"),
    case("428C9", "UPDATE numbered SET id = 2;")
        .after("CREATE TABLE numbered (id int GENERATED ALWAYS AS IDENTITY)"),
    case(
        "42P01",
        "SELECT 1;\n\n\nUPDATE issue_report_messagez\nSET id = 1;",
    ),
    case(
        "42P01",
        "SELECT 'erste Zeile – ok';\nSELECT 'zweite Zeile – ok' FROM\n    \"größe\";",
    )
    .variant("last_line"),
    case("42P02", "SELECT $1;"),
    case("42P06", "CREATE SCHEMA billing;").after("CREATE SCHEMA billing"),
    case("42P07", "CREATE TABLE users (id int);").after("CREATE TABLE users (id int)"),
    case("42P10", "INSERT INTO users VALUES ('ada') ON CONFLICT (name) DO NOTHING;")
        .after("CREATE TABLE users (name text)"),
    case("42P13", "CREATE OR REPLACE FUNCTION tax(rate int) RETURNS int LANGUAGE sql AS 'SELECT 1';")
        .after("CREATE FUNCTION tax(percent int) RETURNS int LANGUAGE sql AS 'SELECT 1'"),
    case("42P16", "ALTER TABLE first ADD PRIMARY KEY (id);").allowing("primary-key"),
    case("42P17", "CREATE INDEX first_day ON first ((now() + id * interval '1 day'));").allowing("create-index"),
    case("42P20", "SELECT id FROM first WHERE rank() OVER () = 1;"),
    case("44000", "INSERT INTO positive VALUES (-1);")
        .after("CREATE VIEW positive AS SELECT id FROM first WHERE id > 0 WITH CHECK OPTION"),
    case("53400", "CREATE TABLE sorted AS\nSELECT n FROM generate_series(1, 20000) AS n ORDER BY n DESC;")
        .after("DO $$ BEGIN EXECUTE format('ALTER DATABASE %1$I SET temp_file_limit TO ''64kB''; ALTER DATABASE %1$I SET work_mem TO ''64kB''', current_database()); END $$"),
    case("54000", "SELECT repeat('x', 2147483647);"),
    case("54001", "SELECT for_ever(1);")
        .after("DO $$ BEGIN EXECUTE format('ALTER DATABASE %1$I SET max_stack_depth TO ''200kB''', current_database()); END $$; CREATE FUNCTION for_ever(int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN PERFORM for_ever($1 + 1); RETURN 1; END $$"),
    case(
        "54011",
        "DO $$\nBEGIN\n    EXECUTE 'CREATE TABLE wide (' || (SELECT string_agg(format('c%s int', n), ', ') FROM generate_series(1, 1601) AS n) || ')';\nEND\n$$;",
    ),
    case("55000", "SELECT currval('numbers');").after("CREATE SEQUENCE numbers"),
    case(
        "55006",
        "INSERT INTO members VALUES (7);\nALTER TABLE members ADD COLUMN label text;",
    )
    .after("CREATE TABLE members (team int REFERENCES first DEFERRABLE INITIALLY DEFERRED)"),
    case("55P02", "SELECT set_config('shared_buffers', '1GB', true);"),
    case("55P04", "SELECT add_mood();")
        .after("CREATE TYPE mood AS ENUM ('ok'); CREATE FUNCTION add_mood() RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'ALTER TYPE mood ADD VALUE ''new'' '; PERFORM 'new'::mood; END $$"),
    case("57014", "SELECT set_config('statement_timeout', '20ms', true);\nSELECT pg_sleep(60);"),
    case("57P01", "SELECT pg_terminate_backend(pg_backend_pid());"),
    case("58P01", "CREATE FUNCTION fast_hash(text) RETURNS int LANGUAGE c AS '/nosuch/fast_hash', 'fast_hash';"),
    case("HV00D", "CREATE EXTENSION file_fdw;\nCREATE SERVER files FOREIGN DATA WRAPPER file_fdw OPTIONS (nosuch '1');"),
    case("P0001", "INSERT INTO first VALUES (1);")
        .after("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no – the books of % are closed', 2025; END $$; CREATE TRIGGER refuse BEFORE INSERT ON first FOR EACH ROW EXECUTE FUNCTION refuse()")
        .variant("in_a_trigger"),
    case(
        "P0002",
        "DO $$\nDECLARE\n    one int;\nBEGIN\n    SELECT id INTO STRICT one FROM first;\nEND\n$$;",
    ),
    case(
        "P0003",
        "DO $$\nDECLARE\n    one int;\nBEGIN\n    SELECT id INTO STRICT one FROM first;\nEND\n$$;",
    )
    .after("INSERT INTO first VALUES (1), (2)"),
    case(
        "P0004",
        "DO $$\nBEGIN\n    ASSERT (SELECT count(*) FROM first) > 0, 'no rows';\nEND\n$$;",
    ),
    case("XX000", "SELECT array_in('{1}', 0, -1);"),
];

/// Codes with advice of their own that no case provokes, and why.
const NOT_PROVOKED: &[(&str, &str)] = &[
    ("25P04", "transaction_timeout is of PostgreSQL 17"),
    (
        "40001",
        "at READ COMMITTED it takes a row that another session moves to another partition",
    ),
    (
        "40P01",
        "it takes another session, and a migration that is tried again",
    ),
    ("53100", "it takes a full disk"),
    ("53200", "it takes a server without memory"),
    (
        "55P03",
        "it takes another session, and a migration that is tried again",
    ),
    ("XX001", "it takes a damaged table"),
    ("XX002", "it takes a damaged index"),
];

/// A file that makes a table.
const FIRST: &str = "-- A table.\nCREATE TABLE IF NOT EXISTS first (id int PRIMARY KEY);\n\n\
                     -- Rollback:\n--   DROP TABLE first;\n--   -- Data loss: all rows.\n";

#[tokio::test]
async fn each_failure_says_what_where_and_what_to_do() {
    let mut failed = Vec::new();
    for case in CASES {
        // A panic ends the task alone, and is printed: all cases that differ are told at once.
        if tokio::spawn(provoke(case)).await.is_err() {
            failed.push(case.name());
        }
    }
    assert!(failed.is_empty(), "these differ, see above: {failed:?}");
}

async fn provoke(case: &Case) {
    let name = case.name();
    let server = Server::shared();
    let database = match case.role {
        Some(role) => server.owned_database(role),
        None => server.database(),
    };
    let allow = match case.allowed {
        "" => String::new(),
        rule => format!("-- allow: {rule}: it is to fail.\n"),
    };
    let fails = format!(
        "-- Of interest to a test.\n-- Not rerunnable: it need not be.\n{}\n{allow}\n-- Nothing to undo: the test drops the database.\n",
        case.forward
    );
    let library = Library::of(&[
        ("2025_01_01_1_first.sql", FIRST),
        ("2025_01_01_2_fails.sql", &fails),
    ]);
    let made = Library(&library.0[..1]).run(&database.url(), up()).await;
    assert!(made.result.is_ok(), "{name}: {}", made.text());
    let session = Session::open(&database.url_as("postgres")).await;
    session.batch(case.setup).await;
    let before = objects(&session).await;

    let first = run(library, &database).await;
    let code = format!(" {}: ", case.code);
    assert!(first.contains(&code), "{name} was expected:\n{first}");
    assert_eq!(objects(&session).await, before, "{name} leaves something");
    assert_eq!(run(library, &database).await, first, "{name}, run again");
    session.close().await;
    golden(&format!("sqlstates/{name}.txt"), &first);
}

async fn run(library: Library, database: &Database<'_>) -> String {
    let ended = library.run(&database.url(), up()).await;
    // PostgreSQL 18 quotes it.
    let text = mask(&ended.text(), database).replace("\"temp_file_limit\"", "temp_file_limit");
    match database.user() {
        "postgres" => text,
        role => text.replace(role, "<role>"),
    }
}

/// Everything that a migration could leave behind, rows of the history among it.
async fn objects(session: &Session) -> Vec<String> {
    let sql = "SELECT 'relation', relname FROM pg_class WHERE relnamespace = 'public'::regnamespace \
               UNION ALL SELECT 'function', proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace \
               UNION ALL SELECT 'type', typname FROM pg_type WHERE typnamespace = 'public'::regnamespace \
               UNION ALL SELECT 'extension', extname FROM pg_extension \
               UNION ALL SELECT 'schema', nspname FROM pg_namespace \
               UNION ALL SELECT 'label', enumlabel FROM pg_enum \
               UNION ALL SELECT 'row', id::text FROM first \
               UNION ALL SELECT 'history', version::text FROM refinery_schema_history \
               ORDER BY 1, 2";
    session.rows(sql).await
}

/// A failure that no SQL provokes at will, as `apply` would have made it.
fn failure(left: Left, statement: Option<usize>, server: Option<ServerError>) -> Error {
    let reason = server
        .as_ref()
        .map_or_else(|| "connection closed".to_owned(), ServerError::to_string);
    let failure = Failure {
        version: "2025_01_01_2".parse().expect("a version"),
        name: "2025_01_01_2_fails".to_owned(),
        path: "migrations/2025_01_01_2_fails.sql".to_owned(),
        text: "-- migrate: no-transaction\nVACUUM first;\nCREATE INDEX CONCURRENTLY i ON first (id);\nVACUUM first;\n",
        place: None,
        statement,
        statements: 3,
        cause: match server {
            Some(_) => Cause::Server,
            None => Cause::Lost,
        },
        server,
        reason,
        left,
        title: "2025_01_01_2_fails failed".to_owned(),
        standing: Standing {
            task: Task::Up,
            done: 2,
            position: Some("2025_01_01_1".parse().expect("a version")),
        },
        reach: Reach {
            ends_at: Some("2025_01_01_2".parse().expect("a version")),
            steps: 1,
            told: 0,
        },
    };
    failure.into()
}

fn said(code: &str) -> ServerError {
    ServerError {
        code: code.to_owned(),
        message: "what the server says".to_owned(),
        detail: None,
        hint: None,
        context: None,
        table: None,
        position: None,
    }
}

/// In text and as JSON: whatever state a failure leaves, and the advice that no case brings out.
#[test]
fn what_cannot_be_provoked_reads_as_well() {
    let mut errors = vec![
        failure(Left::Nothing, None, None),
        failure(Left::Unknown, None, None),
        failure(Left::Statements(0), Some(0), Some(said("57014"))),
        failure(Left::Statements(1), Some(1), Some(said("57014"))),
        failure(Left::Statements(2), Some(2), None),
        failure(Left::Statements(3), None, Some(said("42501"))),
    ];
    let excused = NOT_PROVOKED.iter().map(|(code, _)| *code);
    let general = [
        "38000", "28000", "53000", "57000", "58000", "XX999", "23000",
    ];
    errors.extend(
        excused
            .chain(general)
            .map(|code| failure(Left::Nothing, None, Some(said(code)))),
    );
    let texts = errors.iter().map(|error| render_error(error, Paint(false)));
    golden("failure_states.txt", &texts.collect::<String>());
    let reports: Vec<ErrorReport> = errors[..6].iter().map(ErrorReport::new).collect();
    let json = serde_json::to_string_pretty(&reports).expect("a report is JSON");
    golden("failure_states.json", &json);
}

#[test]
fn there_are_cases_enough_and_none_twice() {
    let names: BTreeSet<String> = CASES.iter().map(Case::name).collect();
    assert_eq!(names.len(), CASES.len(), "a name stands twice");
    let codes: BTreeSet<&str> = CASES.iter().map(|case| case.code).collect();
    assert!(codes.len() >= 45, "{} codes", codes.len());
    let non_ascii = CASES.iter().filter(|case| !case.forward.is_ascii());
    assert!(non_ascii.count() >= 5, "positions count characters");
    let files: BTreeSet<String> = std::fs::read_dir("tests/golden/sqlstates")
        .expect("the folder is there")
        .map(|entry| {
            let name = entry.expect("it can be read").file_name();
            name.to_string_lossy().trim_end_matches(".txt").to_owned()
        })
        .collect();
    assert_eq!(files, names, "a golden file without a case, or the reverse");
}

/// Advice that nobody has seen printed may be wrong without anybody knowing.
#[test]
fn each_advice_for_a_code_is_provoked_or_says_why_not() {
    let provoked: BTreeSet<&str> = CASES.iter().map(|case| case.code).collect();
    let excused: BTreeMap<&str, &str> = NOT_PROVOKED.iter().copied().collect();
    for (code, _) in ADVICE_BY_CODE {
        assert!(
            provoked.contains(code) != excused.contains_key(code),
            "{code} has advice: provoke it, or say in NOT_PROVOKED why not, and not both"
        );
    }
    for code in excused.keys() {
        assert!(
            ADVICE_BY_CODE.iter().any(|(advised, _)| advised == code),
            "{code} is excused, and has no advice"
        );
    }
}

#[test]
fn advice_is_in_the_order_of_its_codes_and_short() {
    for (table, length) in [(ADVICE_BY_CODE, 5), (ADVICE_BY_CLASS, 2)] {
        assert!(table.is_sorted_by(|(a, _), (b, _)| a < b));
        for (code, advice) in table {
            assert_eq!(code.len(), length, "{code}");
            assert!(advice.len() <= 160, "{code}: {} bytes", advice.len());
            assert!(!advice.ends_with('.'), "{code}");
        }
    }
}
