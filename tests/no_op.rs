//! A run that finds nothing to do: what it asks, how little comes back, and that nothing else is taken for it.

mod support;

use dsentr_migrate::embedded::MIGRATIONS;
use support::executable::{Run, dsentr};
use support::golden::golden;
use support::mask::mask;
use support::proxy::Proxy;
use support::server::{Database, Server};

/// A database with everything applied, behind a proxy that counts.
struct Scene<'s> {
    database: Database<'s>,
    proxy: Proxy,
}

impl Scene<'static> {
    fn new() -> Self {
        let database = Server::shared().database();
        let scene = Self {
            proxy: Proxy::start(database.server().port()),
            database,
        };
        scene.succeeds(&["up"]);
        scene
    }
}

impl Scene<'_> {
    fn run(&self, arguments: &[&str]) -> Run {
        self.proxy.reset();
        dsentr(arguments).env("DATABASE_URL", &self.url()).run()
    }

    fn url(&self) -> String {
        self.database.url_through(self.proxy.port())
    }

    /// How many questions it took.
    fn succeeds(&self, arguments: &[&str]) -> u64 {
        let run = self.run(arguments);
        assert_eq!(run.code, Some(0), "{arguments:?}: {}", run.stderr);
        self.proxy.flights()
    }
}

/// The connection itself is the third round trip, which no proxy sees.
#[test]
fn a_run_that_finds_nothing_to_do_is_one_start_up_and_one_question() {
    let scene = Scene::new();
    for (sslmode, startup) in [("disable", 1), ("prefer", 2)] {
        scene.proxy.reset();
        let url = format!("{}?sslmode={sslmode}", scene.url());
        let run = dsentr(&["up"]).env("DATABASE_URL", &url).run();
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        let trips = [
            scene.proxy.connections(),
            scene.proxy.startup_flights(),
            scene.proxy.flights(),
        ];
        assert_eq!(trips, [1, startup, 1], "{sslmode}");
    }
}

#[tokio::test]
async fn one_row_answers_whatever_is_applied() {
    let scene = Scene::new();
    let session = scene.database.session().await;
    for command in ["up", "plan", "verify", "status"] {
        assert_eq!(
            scene.succeeds(&[command]),
            if command == "verify" { 2 } else { 1 }
        );
    }
    assert_eq!(scene.succeeds(&["wait", "--for", "schema"]), 1);
    scene.succeeds(&["plan"]);
    let all = scene.proxy.bytes();
    let second = MIGRATIONS[1].version.as_i64();
    session
        .batch(&format!(
            "DELETE FROM refinery_schema_history WHERE version > {second}"
        ))
        .await;
    assert_eq!(scene.succeeds(&["plan"]), 1);
    let few = scene.proxy.bytes();
    assert!(
        all.abs_diff(few) < 10,
        "two numbers, whatever they are: {few} and {all}"
    );
    session.batch("DELETE FROM refinery_schema_history").await;
    assert_eq!(scene.succeeds(&["plan"]), 1);
    session.batch("DROP TABLE refinery_schema_history").await;
    assert_eq!(scene.succeeds(&["plan"]), 1);
    session.close().await;
}

/// Where the history is another than that of the embedded migrations, its rows are read as well.
#[tokio::test]
async fn an_older_binary_reads_the_rows() {
    let scene = Scene::new();
    let session = scene.database.session().await;
    session
        .batch("INSERT INTO refinery_schema_history SELECT 3000010100 + i, 'later', '2030-01-01T00:00:00Z', i FROM generate_series(1, 10000) i")
        .await;
    assert_eq!(scene.succeeds(&["up"]), 2);
    session.close().await;
}

#[tokio::test]
async fn what_was_done_to_the_history_is_found() {
    const LAST_TWO: &str = "SELECT * FROM refinery_schema_history ORDER BY version DESC LIMIT 2";
    let scene = Scene::new();
    let session = scene.database.session().await;
    session
        .batch("CREATE TABLE saved AS SELECT * FROM refinery_schema_history")
        .await;
    let newest = MIGRATIONS.last().expect("there are migrations").version;
    let newest = newest.as_i64();
    let mut all = String::new();
    for change in [
        format!("UPDATE refinery_schema_history SET name = 'other' WHERE version = {newest}"),
        format!("UPDATE refinery_schema_history SET name = name || ' ' WHERE version = {newest}"),
        format!("UPDATE refinery_schema_history SET name = NULL WHERE version = {newest}"),
        format!("UPDATE refinery_schema_history SET checksum = '1' WHERE version = {newest}"),
        format!("UPDATE refinery_schema_history SET checksum = NULL WHERE version = {newest}"),
        "DELETE FROM refinery_schema_history WHERE version = (SELECT min(version) FROM refinery_schema_history)".to_owned(),
        "INSERT INTO refinery_schema_history SELECT min(version) + 1, 'between', '', '1' FROM refinery_schema_history".to_owned(),
        // What one row says, two rows would.
        format!(
            "WITH two AS ({LAST_TWO}) UPDATE refinery_schema_history history \
             SET name = CASE version WHEN {newest} THEN NULL ELSE history.name || ' ' || history.checksum || E'\\n' || {newest} || ' ' \
             || (SELECT name FROM two WHERE version = {newest}) END, \
             checksum = (SELECT checksum FROM two WHERE version = {newest}) WHERE version IN (SELECT version FROM two)"
        ),
        // The names of two rows change places.
        format!(
            "WITH two AS ({LAST_TWO}) UPDATE refinery_schema_history history \
             SET name = (SELECT name FROM two WHERE two.version <> history.version) WHERE version IN (SELECT version FROM two)"
        ),
    ] {
        session.batch(&change).await;
        let run = scene.run(&["up"]);
        assert_eq!(scene.proxy.flights(), 2, "{change}");
        let text = run.text().replace(&format!(":{}", scene.proxy.port()), ":<port>");
        all.push_str(&format!("== {change}\n{}", mask(&text, &scene.database)));
        session
            .batch("TRUNCATE refinery_schema_history; INSERT INTO refinery_schema_history SELECT * FROM saved")
            .await;
    }
    golden("no_op_tampered.txt", &all);
    session
        .batch("UPDATE refinery_schema_history SET applied_on = 'yesterday'")
        .await;
    assert_eq!(
        scene.succeeds(&["up"]),
        1,
        "when it was is nobody's business"
    );
    session.close().await;
}

/// The digest is the same whatever the database is set to, and nothing of somebody else's runs on the way to it.
#[tokio::test]
async fn no_setting_of_the_database_changes_the_digest() {
    let scene = Scene::new();
    let session = scene.database.session().await;
    let name = scene.database.name();
    let strings = session
        .value("SELECT current_setting('server_version_num')::integer < 190000")
        .await;
    for setting in [
        "bytea_output TO escape",
        // From 19 on nobody can turn it off.
        if strings == "t" {
            "standard_conforming_strings TO off"
        } else {
            "standard_conforming_strings TO on"
        },
        "search_path TO ''",
        "client_encoding TO LATIN1",
        "enable_indexscan TO off",
    ] {
        session
            .batch(&format!("ALTER DATABASE {name} SET {setting}"))
            .await;
        assert_eq!(scene.succeeds(&["up"]), 1, "{setting}");
    }
    session
        .batch(&format!(
            "ALTER DATABASE {name} RESET ALL; ALTER DATABASE {name} SET search_path TO public, pg_catalog; \
             CREATE FUNCTION hashtextextended(varchar, bigint) RETURNS bigint LANGUAGE plpgsql AS $$BEGIN RAISE 'evil'; END$$; \
             CREATE AGGREGATE sum(bigint) (SFUNC = int8pl, STYPE = bigint)"
        ))
        .await;
    assert_eq!(scene.succeeds(&["up"]), 1);
    session
        .batch("ALTER TABLE refinery_schema_history ALTER version TYPE integer, ALTER name TYPE text COLLATE \"POSIX\", ALTER checksum TYPE numeric USING checksum::numeric")
        .await;
    assert_eq!(
        scene.succeeds(&["up"]),
        1,
        "as refinery's other feature has it"
    );
    session.close().await;
}

/// Of a database in another encoding than the question's the bytes are taken as they are.
#[tokio::test]
async fn the_digest_is_the_same_in_every_encoding() {
    let scene = Scene::new();
    let origin = scene.database.session().await;
    let rows = origin
        .value("SELECT string_agg(format('(%s, %L, '''', %L)', version, name, checksum), ',') FROM refinery_schema_history")
        .await;
    origin.close().await;
    for encoding in ["SQL_ASCII", "LATIN1", "EUC_JP"] {
        let name = format!("{}_{}", scene.database.name(), encoding.to_lowercase());
        let url = format!(
            "postgres://postgres@127.0.0.1:{}/{name}",
            scene.database.server().port()
        );
        let create =
            format!("CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0");
        scene.database.server().administer(&[&create]);
        let session = support::server::Session::open(&url).await;
        session
            .batch(&format!(
                "CREATE TABLE refinery_schema_history (version int8 PRIMARY KEY, name varchar, applied_on varchar, checksum varchar); \
                 INSERT INTO refinery_schema_history VALUES {rows}"
            ))
            .await;
        let proxy = Proxy::start(scene.database.server().port());
        let through = url.replace(
            &scene.database.server().port().to_string(),
            &proxy.port().to_string(),
        );
        let run = dsentr(&["up"]).env("DATABASE_URL", &through).run();
        assert_eq!(
            (run.code, proxy.flights()),
            (Some(0), 1),
            "{encoding}: {}",
            run.stderr
        );
        session.close().await;
        let drop = format!("DROP DATABASE {name} WITH (FORCE)");
        scene.database.server().administer(&[&drop]);
    }
}
