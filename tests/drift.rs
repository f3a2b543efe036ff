//! Each way in which a live schema was changed by hand is told by `verify`: exactly that object, and nothing else.

mod support;

use dsentr_migrate::cli::Command;
use dsentr_migrate::config::Format;
use dsentr_migrate::embedded::MIGRATIONS;
use support::library::{Library, up};
use support::mutations::{MUTATIONS, give_back};
use support::sealing::sealed;
use support::server::{Database, Server};

#[tokio::test]
async fn each_change_is_told_and_nothing_else() {
    let server = Server::of_its_own();
    server.administer(&["CREATE ROLE somebody"]);
    let library = Library(sealed(MIGRATIONS, &server).await);
    let template = server.database();
    let ended = library.run(&template.url(), up()).await;
    assert!(ended.result.is_ok(), "{}", ended.text());
    let mut wrong = Vec::new();
    for (sql, expected) in MUTATIONS {
        let database = server.copy_of(&template);
        let session = database.session().await;
        give_back(&database, &session).await;
        session
            .batch(&sql.replace("{database}", database.name()))
            .await;
        session.close().await;
        let found = verify(library, &database).await;
        if found != *expected {
            wrong.push(format!(
                "{sql}\n  expected {expected:?}\n  found    {found:?}"
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        MUTATIONS.len(),
        wrong.join("\n")
    );
}

/// The state and the name of each object that differs; the exit code must say the same.
async fn verify(library: Library, database: &Database<'_>) -> Vec<String> {
    let command = Command::Verify {
        others: false,
        sql: false,
    };
    let url = database.url();
    let ended = library
        .run_with(&[("DATABASE_URL", &url)], command, Format::Json)
        .await;
    let report: serde_json::Value = serde_json::from_str(&ended.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", ended.text()));
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned).unwrap_or_default();
    let differences = report["differences"].as_array().expect("it is a list");
    let differences: Vec<String> = differences
        .iter()
        .map(|one| format!("{} {}", text(&one["state"]), text(&one["object"])))
        .collect();
    let code = ended.result.map_or_else(|error| error.exit_code(), |()| 0);
    assert_eq!(code, if differences.is_empty() { 0 } else { 4 });
    let mut sorted = differences.clone();
    sorted.sort();
    sorted
}
