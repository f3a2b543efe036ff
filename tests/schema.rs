//! The migrations as a whole: the schema they lead to, and each step forward, back and forward again.
//!
//! Roles belong to a server, not to a database, so each test that takes the step of the roles has a server of its own.

mod support;

use std::collections::BTreeSet;

use dsentr_migrate::embedded::Migration;
use support::catalogue::{self, assert_same};
use support::schema::{Row, State, apply, migrations, roll_back_all, run, state_of};
use support::server::{Server, Session};

#[tokio::test]
async fn all_migrations_give_the_schema_that_the_application_expects() {
    let server = Server::of_its_own();
    let database = server.database();
    let session = database.session().await;
    for migration in migrations() {
        apply(&session, migration).await;
    }
    assert_same(
        "after all migrations",
        &catalogue::expected(),
        &catalogue::read(&session).await,
    );
}

#[tokio::test]
async fn all_rollbacks_bring_back_the_empty_database() {
    let server = Server::of_its_own();
    let database = server.database();
    let session = database.session().await;
    let empty = catalogue::read_exactly(&session).await;
    for migration in migrations() {
        apply(&session, migration).await;
    }
    roll_back_all(&session).await;
    assert_same(
        "after all rollbacks",
        &empty,
        &catalogue::read_exactly(&session).await,
    );
}

#[tokio::test]
async fn each_step_can_be_taken_back_and_again_on_an_empty_database() {
    walk(Fill::Empty).await;
}

#[tokio::test]
async fn each_step_can_be_taken_back_and_again_with_rows_in_every_table() {
    walk(Fill::Rows).await;
}

#[tokio::test]
async fn a_second_run_is_clean_unless_the_file_says_otherwise() {
    let server = Server::of_its_own();
    let database = server.database();
    let session = database.session().await;
    let mut problems = Problems::default();
    for migration in migrations() {
        apply(&session, migration).await;
        let once = state_of(&session).await;
        let outcome = run(&session, migration.forward_sql()).await;
        let twice = state_of(&session).await;
        // Declared or not: a run that succeeds must have found its work done.
        problems.schema(migration, Move::Again, &once, &twice);
        problems.moved(migration, Move::Again, &once, &twice);
        match (outcome, migration.not_rerunnable) {
            (Ok(()), None) | (Err(_), Some(_)) => {}
            (Ok(()), Some(_)) => {
                problems.add([format!("{}: a second run is clean", migration.stem)]);
            }
            (Err(error), None) => {
                problems.add([format!("{}: a second run fails: {error}", migration.stem)]);
            }
        }
        support::schema::fill(&session, migration).await;
    }
    problems.none();
}

/// What is in the tables while steps are taken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fill {
    Empty,
    Rows,
}

/// In which move of a step rows were found to differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Move {
    /// Forward, with the rows of the versions before.
    Forward,
    /// Back, to the rows that were there before the step.
    Back,
    /// Forward again, to the rows that were there after the first time.
    Again,
    /// Back, after the application has written rows of its own at the new version; on a copy.
    BackFromUse,
    /// Forward again after that. What was in the tables and columns that the step adds is gone, so no rows are compared.
    AgainFromUse,
}

impl Move {
    /// What a copy of a database does not share with it: its privileges as a database, and roles that the original
    /// holds fast.
    fn hides(self, entry: &str) -> bool {
        matches!(self, Self::BackFromUse | Self::AgainFromUse)
            && (entry.starts_with("role ") || entry.contains(" on database this "))
    }
}

/// Columns of a table that a step may change on purpose.
#[derive(Debug)]
struct Exception {
    stem: &'static str,
    moves: &'static [Move],
    table: &'static str,
    /// No column means that rows may come and go.
    columns: &'static [&'static str],
    reason: &'static str,
}

/// Every other column of every row stays as it is.
const EXCEPTIONS: &[Exception] = &[
    Exception {
        stem: "2025_10_07_2_unique_workflow_name",
        moves: &[Move::Forward, Move::Back],
        table: "workflows",
        columns: &["name"],
        reason: "what shared a name is renamed, and the old names are not recorded",
    },
    Exception {
        stem: "2025_10_07_5_add_webhook_salt",
        moves: &[Move::Again],
        table: "workflows",
        columns: &["webhook_salt"],
        reason: "the salt is drawn anew",
    },
    Exception {
        stem: "2025_10_14_1_create_workspaces",
        moves: &[Move::BackFromUse],
        table: "workflows",
        columns: &["name"],
        reason: "names that were unique within a workspace must be unique within a user again",
    },
    Exception {
        stem: "2025_10_16_2_drop_workspace_teams",
        moves: &[Move::Forward, Move::BackFromUse],
        table: "workspace_members",
        columns: &[],
        reason: "members of teams become members, and those that were none before stop being members",
    },
    Exception {
        stem: "2025_10_16_2_drop_workspace_teams",
        moves: &[Move::Again],
        table: "team_removal_audit",
        columns: &["id", "recorded_at"],
        reason: "the audit is written anew",
    },
    Exception {
        stem: "2025_10_16_3_add_ignored_at_to_workspace_invitations",
        moves: &[Move::BackFromUse],
        table: "workspace_invitations",
        columns: &["revoked_at"],
        reason: "an ignored invitation would be open again, so it is revoked",
    },
    Exception {
        stem: "2025_10_17_1_alter_workspaces_and_invites",
        moves: &[Move::Forward, Move::BackFromUse],
        table: "workspace_member_audit",
        columns: &["action", "reason"],
        reason: "actions outside the new list are normalised; the reason keeps them for the way back",
    },
    Exception {
        stem: "2025_10_17_1_alter_workspaces_and_invites",
        moves: &[Move::BackFromUse],
        table: "workspace_invitations",
        columns: &["ignored_at"],
        reason: "an invitation that was declined by status alone is marked as ignored",
    },
    Exception {
        stem: "2025_10_22_1_add_workspace_id_to_workflow_runs",
        moves: &[Move::Forward, Move::Back],
        table: "workflow_runs",
        columns: &["workspace_id"],
        reason: "it is filled, and a value that was there before cannot be told from it",
    },
    Exception {
        stem: "2025_10_22_1_add_workspace_id_to_workflow_runs",
        moves: &[Move::Forward, Move::BackFromUse],
        table: "workflow_runs",
        columns: &["idempotency_key"],
        reason: "keys unique within a user need not be so within a workspace; renamed ones are named back",
    },
    Exception {
        stem: "2025_11_07_1_user_privacy_default",
        moves: &[Move::Forward],
        table: "users",
        columns: &["settings"],
        reason: "the default is written where no choice was made",
    },
    Exception {
        stem: "2025_11_19_1_workspace_connection_owner_token",
        moves: &[Move::BackFromUse],
        table: "workspace_connections",
        columns: &["created_by"],
        reason: "a connection's owner would be lost with his column",
    },
    Exception {
        stem: "2025_12_03_1_add_resume_at_to_workflow_runs",
        moves: &[Move::Again],
        table: "workflow_runs",
        columns: &["resume_at"],
        reason: "the default is the time of the step",
    },
];

/// Takes each step forward, back and forward again, one after the other, and compares what is there in between.
async fn walk(fill: Fill) {
    let server = Server::of_its_own();
    let database = server.database();
    let mut problems = Problems::default();
    if fill == Fill::Rows {
        problems.exceptions = EXCEPTIONS;
    }
    let mut before = state_of(&database.session().await).await;
    for migration in migrations() {
        let session = database.session().await;
        apply(&session, migration).await;
        let after = state_of(&session).await;
        problems.moved(migration, Move::Forward, &before, &after);
        there_and_back(
            &session,
            migration,
            [&before, &before, &after],
            [Move::Back, Move::Again],
            &mut problems,
        )
        .await;
        if fill == Fill::Empty {
            before = after;
            continue;
        }
        support::schema::fill(&session, migration).await;
        let used = state_of(&session).await;
        problems.add(
            used.tables()
                .filter(|table| used.rows[*table].is_empty())
                .map(|table| format!("{}: no row in table {table}", migration.stem)),
        );
        session.close().await;
        let copy = server.copy_of(&database);
        there_and_back(
            &copy.session().await,
            migration,
            [&before, &used, &after],
            [Move::BackFromUse, Move::AgainFromUse],
            &mut problems,
        )
        .await;
        before = used;
    }
    problems.none();
}

/// Rolls a migration back and applies it again. The schema is compared with that of the first and the last state,
/// the rows with those of the second and the last.
async fn there_and_back(
    session: &Session,
    migration: &Migration,
    [before, with_rows, after]: [&State; 3],
    [back, again]: [Move; 2],
    problems: &mut Problems,
) {
    let Some(rollback) = migration.rollback_sql() else {
        return;
    };
    if let Err(error) = run(session, &rollback).await {
        problems.add([format!("{} {back:?}: {error}", migration.stem)]);
        return;
    }
    let gone = state_of(session).await;
    problems.schema(migration, back, before, &gone);
    problems.moved(migration, back, with_rows, &gone);
    apply(session, migration).await;
    let returned = state_of(session).await;
    problems.schema(migration, again, after, &returned);
    if again == Move::Again {
        problems.moved(migration, again, after, &returned);
    }
}

/// What a walk found, to be shown all at once.
#[derive(Default)]
struct Problems {
    exceptions: &'static [Exception],
    found: Vec<String>,
}

impl Problems {
    fn add(&mut self, problems: impl IntoIterator<Item = String>) {
        self.found.extend(problems);
    }

    fn none(self) {
        assert!(
            self.found.is_empty(),
            "{} problems:\n{}",
            self.found.len(),
            self.found.join("\n")
        );
    }

    /// The whole schema must be as it was.
    fn schema(&mut self, migration: &Migration, a_move: Move, expected: &State, found: &State) {
        let difference = catalogue::difference(&expected.catalogue, &found.catalogue);
        let lines = difference.lines().filter(|line| !a_move.hides(&line[2..]));
        self.add(lines.map(|line| format!("{} {a_move:?}: {line}", migration.stem)));
    }

    /// Rows must be as they were, over the tables and columns that exist on both sides, but for the exceptions.
    fn moved(&mut self, migration: &Migration, a_move: Move, expected: &State, found: &State) {
        for table in expected
            .tables()
            .filter(|table| found.rows.contains_key(*table))
        {
            let mut columns: BTreeSet<&str> = expected
                .columns(table)
                .intersection(&found.columns(table))
                .copied()
                .collect();
            let differ = |columns: &BTreeSet<&str>| {
                difference(
                    project(&expected.rows[table], columns),
                    project(&found.rows[table], columns),
                )
            };
            let applies = |exception: &&Exception| {
                exception.stem == migration.stem
                    && exception.moves.contains(&a_move)
                    && exception.table == table
            };
            let mut excepted = false;
            for exception in self.exceptions.iter().filter(applies) {
                if differ(&columns).is_empty() {
                    self.add([format!(
                        "{} {a_move:?}: no exception is needed for {table}: {}",
                        migration.stem, exception.reason
                    )]);
                }
                columns.retain(|column| !exception.columns.contains(column));
                excepted |= exception.columns.is_empty();
            }
            if !excepted {
                let rows = differ(&columns).into_iter();
                self.add(rows.map(|row| format!("{} {a_move:?}: {table}: {row}", migration.stem)));
            }
        }
    }
}

/// The rows that only one side has: `-` as expected, `+` as found.
fn difference(mut expected: Vec<String>, mut found: Vec<String>) -> Vec<String> {
    expected.retain(|row| {
        let twin = found.iter().position(|other| other == row);
        twin.map(|place| found.swap_remove(place)).is_none()
    });
    let missing = expected.into_iter().map(|row| format!("- {row}"));
    missing
        .chain(found.into_iter().map(|row| format!("+ {row}")))
        .collect()
}

/// Some columns of some rows.
fn project(rows: &[Row], columns: &BTreeSet<&str>) -> Vec<String> {
    let project = |row: &Row| {
        let kept = row
            .iter()
            .filter(|(name, _)| columns.contains(name.as_str()));
        kept.map(|(name, value)| format!("{name}={value}"))
            .collect::<Vec<_>>()
            .join(" ")
    };
    rows.iter().map(project).collect()
}
