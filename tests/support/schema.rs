//! Migrations on a live database without the runtime: applied, rolled back, and what that did to schema and rows.

use std::collections::{BTreeMap, BTreeSet};

use dsentr_migrate::embedded::{MIGRATIONS, Migration};

use super::catalogue::{self, Catalogue};
use super::server::Session;

/// A row, by column.
pub(crate) type Row = serde_json::Map<String, serde_json::Value>;

/// The rows of each table, in an order that does not depend on where they are stored.
pub(crate) type Rows = BTreeMap<String, Vec<Row>>;

/// A database at one moment.
pub(crate) struct State {
    /// Its schema, and everything that a rollback must bring back.
    pub(crate) catalogue: Catalogue,
    /// Its rows.
    pub(crate) rows: Rows,
}

/// All migrations of the executable, oldest first.
pub(crate) fn migrations() -> &'static [Migration] {
    MIGRATIONS
}

/// Runs a migration's forward part or its rollback in one transaction; a failure leaves nothing of it.
pub(crate) async fn run(session: &Session, sql: &str) -> Result<(), String> {
    let transaction = format!("BEGIN; SET LOCAL search_path TO public;\n{sql}\n; COMMIT");
    let outcome = session.try_batch(&transaction).await;
    if outcome.is_err() {
        session.batch("ROLLBACK").await;
    }
    outcome
}

/// Applies a migration that is expected to succeed.
pub(crate) async fn apply(session: &Session, migration: &Migration) {
    if let Err(error) = run(session, migration.forward_sql()).await {
        panic!("{} fails: {error}", migration.stem);
    }
}

/// A migration, and all before it.
pub(crate) fn up_to(stem: &str) -> (&'static [Migration], &'static Migration) {
    let place = migrations()
        .iter()
        .position(|migration| migration.stem == stem);
    let place = place.unwrap_or_else(|| panic!("there is no migration {stem}"));
    (&migrations()[..place], &migrations()[place])
}

/// Adds the rows that an application writes at the version of a migration: those of `tests/fixtures/rows`, if any.
pub(crate) async fn fill(session: &Session, migration: &Migration) {
    let path = format!("tests/fixtures/rows/{}.sql", migration.stem);
    let Ok(rows) = std::fs::read_to_string(&path) else {
        return;
    };
    if let Err(error) = run(session, &rows).await {
        panic!("{path}: {error}");
    }
}

/// Takes all migrations back, newest first. What declares that there is nothing to undo is passed over.
pub(crate) async fn roll_back_all(session: &Session) {
    for migration in migrations().iter().rev() {
        let Some(rollback) = migration.rollback_sql() else {
            continue;
        };
        if let Err(error) = run(session, &rollback).await {
            panic!("the rollback of {} fails: {error}", migration.stem);
        }
    }
}

/// Reads schema and rows.
pub(crate) async fn state_of(session: &Session) -> State {
    let catalogue = catalogue::read_exactly(session).await;
    let rows = rows_of(session, &catalogue).await;
    State { catalogue, rows }
}

impl State {
    /// The names of its tables.
    pub(crate) fn tables(&self) -> impl Iterator<Item = &str> {
        self.catalogue
            .keys()
            .filter_map(|key| key.strip_prefix("table "))
    }

    /// The columns of one of its tables.
    pub(crate) fn columns(&self, table: &str) -> BTreeSet<&str> {
        let prefix = format!("column {table}.");
        self.catalogue
            .keys()
            .filter_map(|key| key.strip_prefix(&prefix))
            .collect()
    }
}

async fn rows_of(session: &Session, catalogue: &Catalogue) -> Rows {
    let tables = || {
        catalogue
            .keys()
            .filter_map(|key| key.strip_prefix("table "))
    };
    let mut rows: Rows = tables()
        .map(|table| (table.to_owned(), Vec::new()))
        .collect();
    let selects: Vec<_> = tables()
        .map(|table| {
            format!("SELECT '{table}', to_jsonb(t)::text COLLATE \"C\" FROM public.{table} AS t")
        })
        .collect();
    if selects.is_empty() {
        return rows;
    }
    let sql = format!("{} ORDER BY 1, 2", selects.join(" UNION ALL "));
    for row in session
        .query(&sql, &[])
        .await
        .expect("the tables can be read")
    {
        let (table, text): (String, String) = (row.get(0), row.get(1));
        let row = serde_json::from_str(&text).expect("PostgreSQL writes JSON");
        rows.entry(table).or_default().push(row);
    }
    rows
}
