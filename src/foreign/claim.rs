//! What the tables of other tools say.

use serde::Serialize;
use tokio_postgres::{Client, SimpleQueryMessage, SimpleQueryRow};

use super::{Keeps, TOOLS};
use crate::history::quote;

/// What another tool says it has applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Which tool.
    pub tool: &'static str,
    /// Its table, with the schema.
    pub table: String,
    /// What the rows are.
    pub keeps: Keeps,
    /// The rows, oldest first; none where the role may not read them.
    pub entries: Option<Vec<Entry>>,
}

/// One of its rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// The version, in the tool's own form.
    pub version: String,
    /// The name, where the tool keeps it.
    pub name: Option<String>,
    /// How it ended.
    pub outcome: Outcome,
}

/// How a migration of another tool ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is applied.
    Done,
    /// It has failed, and somebody has to look what is left of it.
    Failed,
    /// It was begun, and its end is not known.
    Dirty,
}

/// Reads the tables of other tools, which the query `tables` finds. For an open transaction: where somebody has such a table
/// for himself alone, its limits hold.
///
/// # Errors
/// As the server says.
pub async fn claims(client: &Client, tables: &str) -> Result<Vec<Claim>, tokio_postgres::Error> {
    let mut claims = Vec::new();
    let sql = format!("{tables} ORDER BY nth, nspname, relname");
    let found = client.simple_query(&sql).await?;
    for row in found.iter().filter_map(row) {
        let nth: Option<usize> = row.get(0).and_then(|nth| nth.parse().ok());
        let (Some(tool), Some(schema), Some(table)) =
            (nth.and_then(|nth| TOOLS.get(nth)), row.get(2), row.get(3))
        else {
            continue;
        };
        let Some(rows) = tool.rows else { continue };
        let question = rows.replace("{table}", &format!("{}.{}", quote(schema), quote(table)));
        let entries = if row.get(4) == Some("t") {
            let messages = client.simple_query(&question).await?;
            Some(messages.iter().filter_map(row_of_entry).collect())
        } else {
            None
        };
        claims.push(Claim {
            tool: tool.name,
            table: format!("{schema}.{table}"),
            keeps: tool.keeps,
            entries,
        });
    }
    Ok(claims)
}

pub(super) fn row(message: &SimpleQueryMessage) -> Option<&SimpleQueryRow> {
    match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    }
}

fn row_of_entry(message: &SimpleQueryMessage) -> Option<Entry> {
    let row = row(message)?;
    Some(Entry {
        version: row.get(0).unwrap_or_default().to_owned(),
        name: row.get(1).map(str::to_owned),
        outcome: match row.get(2) {
            Some("done") => Outcome::Done,
            Some("failed") => Outcome::Failed,
            _ => Outcome::Dirty,
        },
    })
}
