//! Tables that have the form of our history and are in another schema than the settings say.

use tokio_postgres::{Client, SimpleQueryMessage};

use super::claim::row;
use super::{COLUMNS, READABLE};
use crate::config::HistoryTable;
use crate::history::quote;

/// Such a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub table: String,
    /// What it says; none where the role may not read it.
    pub rows: Option<Vec<Row>>,
}

/// One of its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The version.
    pub version: String,
    /// The name.
    pub name: String,
    /// The checksum.
    pub checksum: String,
}

/// Reads those that the query `tables` finds. One that may not be read is among them where it has the name of ours, since nothing else tells whose it is.
/// For an open transaction.
///
/// # Errors
/// As the server says.
pub async fn histories(
    client: &Client,
    tables: &str,
    ours: &HistoryTable,
) -> Result<Vec<History>, tokio_postgres::Error> {
    let mut histories = Vec::new();
    for message in client.simple_query(tables).await? {
        let Some((Some(schema), Some(table), readable)) =
            row(&message).map(|row| (row.get(0), row.get(1), row.get(2)))
        else {
            continue;
        };
        let rows = if readable == Some("t") {
            let name = format!("{}.{}", quote(schema), quote(table));
            let question = format!("SELECT version, name, checksum FROM {name}");
            let messages = client.simple_query(&question).await?;
            Some(messages.iter().filter_map(row_of_history).collect())
        } else if table == ours.table {
            None
        } else {
            continue;
        };
        histories.push(History {
            schema: schema.to_owned(),
            table: table.to_owned(),
            rows,
        });
    }
    Ok(histories)
}

/// A query for them, with `{history_schema}` for the schema of our history.
pub(crate) fn history_tables() -> String {
    format!(
        "SELECT nspname, relname, {READABLE} FROM pg_catalog.pg_class AS c \
         JOIN pg_catalog.pg_namespace AS n ON n.oid = relnamespace \
         WHERE relkind IN ('r', 'p') AND relnatts >= 4 \
         AND nspname <> {{history_schema}} AND nspname !~ '^pg_' AND nspname <> 'information_schema' \
         AND {COLUMNS} = ARRAY['applied_on', 'checksum', 'name', 'version'] \
         ORDER BY nspname, relname"
    )
}

fn row_of_history(message: &SimpleQueryMessage) -> Option<Row> {
    let row = row(message)?;
    let text = |column| row.get(column).unwrap_or_default().to_owned();
    Some(Row {
        version: text(0),
        name: text(1),
        checksum: text(2),
    })
}
