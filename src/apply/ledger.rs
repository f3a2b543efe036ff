//! What is done of a migration without a transaction, kept in the database while it is under way.
//!
//! One row a statement that was begun. The table is made before the first statement and dropped in the transaction that
//! writes the history row, so a database that is at a version has none.

use tokio_postgres::types::{ToSql, Type};

use super::transaction::Broken;
use crate::config::HistoryTable;
use crate::connect::Session;
use crate::embedded::Migration;

/// The table beside the history.
pub(super) struct Ledger<'a> {
    session: &'a Session,
    table: String,
}

/// How far a migration had come when it was left.
pub(super) struct Begun {
    /// How many of its first statements are done.
    pub(super) done: usize,
    /// Whether the one after them was begun: how it ended is for the database to tell.
    pub(super) was_begun: bool,
}

impl<'a> Ledger<'a> {
    /// Opens the ledger of a history; makes it where it is not there.
    pub(super) async fn open(
        session: &'a Session,
        history: &HistoryTable,
    ) -> Result<Self, tokio_postgres::Error> {
        let table = history.ledger().qualified();
        let sql = format!(
            "CREATE TABLE IF NOT EXISTS {table} (version bigint, statement integer, sql text NOT NULL, \
             begun timestamptz NOT NULL DEFAULT now(), done timestamptz, PRIMARY KEY (version, statement))"
        );
        session.client.batch_execute(&sql).await?;
        Ok(Self { session, table })
    }

    /// What is known of a migration. A statement that reads otherwise now is not the one that was done.
    pub(super) async fn read(&self, migration: &Migration) -> Result<Begun, tokio_postgres::Error> {
        let sql = format!(
            "SELECT sql, done IS NOT NULL FROM {} WHERE version = $1 ORDER BY statement",
            self.table
        );
        let version = migration.version.as_i64();
        let client = &self.session.client;
        let rows = client.query_typed(&sql, &[(&version, Type::INT8)]).await?;
        let count = migration.statements.len();
        let statements = (0..count).map(|nth| migration.statement(nth));
        let same = rows
            .iter()
            .zip(statements)
            .take_while(|(row, sql)| row.get::<_, &str>(0) == *sql);
        let known: Vec<bool> = same.map(|(row, _)| row.get(1)).collect();
        let done = known.iter().take_while(|done| **done).count();
        Ok(Begun {
            done,
            was_begun: known.len() > done,
        })
    }

    /// A statement is about to be sent; the ones before it are done.
    pub(super) async fn begin(
        &self,
        migration: &Migration,
        statement: usize,
    ) -> Result<(), tokio_postgres::Error> {
        let sql = format!(
            "WITH before AS (UPDATE {0} SET done = now() WHERE version = $1 AND statement < $2 AND done IS NULL), \
             behind AS (DELETE FROM {0} WHERE version = $1 AND statement > $2) \
             INSERT INTO {0} VALUES ($1, $2, $3) \
             ON CONFLICT (version, statement) DO UPDATE SET sql = excluded.sql, begun = now(), done = NULL",
            self.table
        );
        let number = i32::try_from(statement).unwrap_or(i32::MAX);
        let text = migration.statement(statement);
        let version = migration.version.as_i64();
        let parameters: [(&(dyn ToSql + Sync), Type); 3] = [
            (&version, Type::INT8),
            (&number, Type::INT4),
            (&text, Type::TEXT),
        ];
        let client = &self.session.client;
        client.query_typed(&sql, &parameters).await.map(drop)
    }

    /// The last statement is done as well. Not left to [`Ledger::close`]: that may be lost, and tried again.
    pub(super) async fn finish(&self, migration: &Migration) -> Result<(), tokio_postgres::Error> {
        let sql = format!(
            "UPDATE {} SET done = now() WHERE version = $1 AND done IS NULL",
            self.table
        );
        let version = migration.version.as_i64();
        let client = &self.session.client;
        let rows = client.query_typed(&sql, &[(&version, Type::INT8)]).await;
        rows.map(drop)
    }

    /// All statements are done: the history row is written, and the ledger goes with it.
    pub(super) async fn close(self, insert: &str) -> Result<(), Broken> {
        let sql = format!(
            "BEGIN ISOLATION LEVEL READ COMMITTED; {insert}; DROP TABLE {}; COMMIT",
            self.table
        );
        let Err(error) = self.session.client.batch_execute(&sql).await else {
            return Ok(());
        };
        // Where the connection is gone, so is the transaction.
        let _ = self.session.client.batch_execute("ROLLBACK").await;
        Err(Broken {
            statement: None,
            error,
        })
    }
}
