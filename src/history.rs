//! The history: what the database says was applied. Read only; `apply` writes it.
//!
//! The table is refinery's, and so are its rows. It is read with a query of our own, because
//! refinery's driver panics on a row that was written by hand.

use std::pin::pin;

use anyhow::Context;
use futures_util::TryStreamExt;
use tokio_postgres::{SimpleQueryMessage, SimpleQueryRow};

use crate::config::HistoryTable;
use crate::connect::{Session, broken};
use crate::embedded::Migration;
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

/// The same in one row, which says how much of what is embedded was applied where that is all that was.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Digest {
    /// How many rows there are.
    rows: usize,
    /// The sum of their hashes; none where there are no rows.
    sum: Option<i128>,
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
        let read = |row: &SimpleQueryRow| read_row(row, table);
        let Some(rows) = ask(session, table, &question, read).await? else {
            return Ok(Self::default());
        };
        Ok(Self { exists: true, rows })
    }

    /// The newest version that was applied.
    pub fn position(&self) -> Option<Version> {
        self.rows.last().map(|row| row.version)
    }
}

impl Digest {
    /// Asks the database, in one round trip and for one row, with or without the table.
    ///
    /// # Errors
    /// As [`History::read`].
    pub async fn read(session: &Session, table: &HistoryTable) -> Result<Self, Error> {
        let answer = ask(session, table, &question(table), read_digest).await?;
        Ok(answer
            .and_then(|rows| rows.into_iter().next())
            .unwrap_or_default())
    }

    /// How many of the embedded migrations are applied, where those are the first of them, as they are here, and nothing
    /// else is. None says no more than that the rows have to be read.
    pub fn applied(&self, embedded: &[Migration]) -> Option<usize> {
        let Some(newest) = self.rows.checked_sub(1) else {
            return Some(0);
        };
        let is_ours = self.sum == Some(embedded.get(newest)?.applied_sum);
        is_ours.then_some(self.rows)
    }
}

/// The digest is the number of the rows and the sum of a hash of each: of its name, begun with that of its checksum, which is
/// begun with that of its version. Where one of them is NULL, the row counts in the number alone. The hash is no stronger
/// than the checksums, and need not be: whoever may write the history can write what he likes into it.
///
/// Of all that a server could compute this costs it least, with many rows and with few: a connection that has just been
/// opened looks up each function that is named, and of OpenSSL, which has the strong hashes, it has to read the settings.
/// With 10,000 rows it takes half as long again as to count them.
///
/// Nothing in it depends on the order of letters. The functions are named with their schema, since one of somebody else's
/// may fit better and would run as us.
fn question(table: &HistoryTable) -> String {
    let hash = ["version", "checksum", "name"]
        .iter()
        .fold("'0'".to_owned(), |begin, column| {
            let text = format!("CAST({column} AS pg_catalog.text) COLLATE pg_catalog.\"C\"");
            format!("pg_catalog.hashtextextended({text}, {begin})")
        });
    format!(
        "SELECT pg_catalog.count(*), pg_catalog.sum({hash}) FROM {}",
        table.qualified()
    )
}

/// What the rows of the answer say; none where the table is not there. Each is read as it comes, since all of them as the
/// server sends them are twice as large.
async fn ask<T>(
    session: &Session,
    table: &HistoryTable,
    question: &str,
    read: impl Fn(&SimpleQueryRow) -> anyhow::Result<T>,
) -> Result<Option<Vec<T>>, Error> {
    let answer = async {
        let mut rows = Vec::new();
        let mut messages = pin!(session.client.simple_query_raw(question).await?);
        while let Some(message) = messages.try_next().await? {
            if let SimpleQueryMessage::Row(row) = message {
                rows.push(read(&row));
            }
        }
        Ok(rows)
    };
    match answer.await {
        Ok(rows) => Ok(Some(rows.into_iter().collect::<anyhow::Result<_>>()?)),
        // Asking first whether the table is there would cost a round trip on every run.
        Err(error) if is_undefined_table(&error) => Ok(None),
        Err(error) => {
            let purpose = format!("the history {} cannot be read", table.qualified());
            Err(broken(&purpose, &error))
        }
    }
}

fn is_undefined_table(error: &tokio_postgres::Error) -> bool {
    ServerError::find(error).is_some_and(|error| error.code == UNDEFINED_TABLE)
}

fn read_digest(row: &SimpleQueryRow) -> anyhow::Result<Digest> {
    let rows = row.get(0).and_then(|count| count.parse().ok());
    Ok(Digest {
        rows: rows.context("the server counts the rows of the history in no number")?,
        sum: row.get(1).and_then(|sum| sum.parse().ok()),
    })
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
