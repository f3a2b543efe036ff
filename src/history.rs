//! The history: what the database says was applied. Read only; `apply` writes it.
//!
//! The table is refinery's, and so are its rows. It is read with a query of our own, because
//! refinery's driver panics on a row that was written by hand.

use anyhow::Context;
use tokio_postgres::{SimpleQueryMessage, SimpleQueryRow};

use crate::config::HistoryTable;
use crate::connect::{Session, broken};
use crate::error::Error;
use crate::server_error::ServerError;
use crate::source::Version;

/// SQLSTATE of a table that is not there.
const UNDEFINED_TABLE: &str = "42P01";

/// What the database says was applied.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    /// Whether the table is there.
    pub exists: bool,
    /// Its rows, by version.
    pub rows: Vec<Row>,
}

/// One applied migration. A row that was written by hand may lack anything but the version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its version; may be a number that no file name can have.
    pub version: Version,
    /// Its description.
    pub name: Option<String>,
    /// When it was applied, as the one who did it wrote it: RFC 3339 where that was refinery.
    pub applied_on: Option<String>,
    /// refinery's checksum over description, version and forward part.
    pub checksum: Option<String>,
}

impl HistoryTable {
    /// Schema and name, quoted: correct in every statement, whatever the `search_path`.
    pub fn qualified(&self) -> String {
        format!("{}.{}", quote(&self.schema), quote(&self.table))
    }

    /// The table beside it, which is there while a migration without a transaction is under way.
    #[must_use]
    pub fn ledger(&self) -> Self {
        Self {
            schema: self.schema.clone(),
            table: format!("{}_ledger", self.table),
        }
    }
}

/// An identifier in the form that PostgreSQL takes literally.
pub(crate) fn quote(identifier: &str) -> String {
    format!("\"{}\"", identifier.replace('"', "\"\""))
}

impl History {
    /// Asks the database, in one round trip, with or without the table.
    ///
    /// # Errors
    /// The role may not read the table, it is not refinery's, or the connection is lost.
    pub async fn read(session: &Session, table: &HistoryTable) -> Result<Self, Error> {
        let question = format!(
            "SELECT version, name, applied_on, checksum FROM {} ORDER BY version",
            table.qualified()
        );
        let messages = match session.client.simple_query(&question).await {
            Ok(messages) => messages,
            // Asking first whether the table is there would cost a round trip on every run.
            Err(error) if is_undefined_table(&error) => return Ok(Self::default()),
            Err(error) => {
                let purpose = format!("the history {} cannot be read", table.qualified());
                return Err(broken(&purpose, &error));
            }
        };
        let rows = messages.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(read_row(row, table)),
            _ => None,
        });
        Ok(Self {
            exists: true,
            rows: rows.collect::<anyhow::Result<_>>()?,
        })
    }

    /// The newest version that was applied.
    pub fn position(&self) -> Option<Version> {
        self.rows.last().map(|row| row.version)
    }
}

fn is_undefined_table(error: &tokio_postgres::Error) -> bool {
    ServerError::find(error).is_some_and(|error| error.code == UNDEFINED_TABLE)
}

fn read_row(row: &SimpleQueryRow, table: &HistoryTable) -> anyhow::Result<Row> {
    let text = |column: usize| row.get(column).map(str::to_owned);
    let version = row
        .get(0)
        .and_then(|text| text.parse().ok())
        .with_context(|| format!("the history {} has a row whose version is no whole number: it is not refinery's table", table.qualified()))?;
    Ok(Row {
        version: Version::from_i64(version),
        name: text(1),
        applied_on: text(2),
        checksum: text(3),
    })
}
