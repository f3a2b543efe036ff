//! What is done of a migration without a transaction, kept in the database while it is under way.
//!
//! One row a statement that was begun. The table is made before the first statement and dropped in the transaction that
//! writes the history row, so a database that is at a version has none.

use tokio_postgres::types::{ToSql, Type};

use super::limits::Limits;
use super::remains;
use super::runner::is_made_by_another;
use super::step::{Kind, Step};
use super::transaction::{Broken, or_roll_back, reach};
use crate::config::HistoryTable;
use crate::connect::{Session, broken};
use crate::embedded::{Mode, Way};
use crate::error::Error;
use crate::plan::RollbackPlan;
use crate::server_error::ServerError;

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

/// Makes it where it is not there.
pub(crate) fn make_ledger(table: &str) -> String {
    format!(
        "CREATE TABLE IF NOT EXISTS {table} (version bigint, statement integer, sql text NOT NULL, \
         begun timestamptz NOT NULL DEFAULT now(), done timestamptz, PRIMARY KEY (version, statement))"
    )
}

impl<'a> Ledger<'a> {
    /// Opens the ledger of a history; makes it where it is not there.
    pub(super) async fn open(
        session: &'a Session,
        history: &HistoryTable,
    ) -> Result<Self, tokio_postgres::Error> {
        let table = history.ledger().qualified();
        let sql = make_ledger(&table);
        loop {
            let Err(error) = session.client.batch_execute(&sql).await else {
                return Ok(Self { session, table });
            };
            // Who has lost the migration lock and does not know it yet may make it at this moment, too. Whether that is us
            // comes out before the first statement.
            if !ServerError::find(&error).is_some_and(|server| is_made_by_another(&server)) {
                return Err(error);
            }
        }
    }

    /// What is known of a migration. A statement that reads otherwise now is not the one that was done.
    pub(super) async fn read(&self, step: &Step<'_>) -> Result<Begun, tokio_postgres::Error> {
        let sql = format!(
            "SELECT sql, done IS NOT NULL FROM {} WHERE version = $1 ORDER BY statement",
            self.table
        );
        let version = step.leg.migration.version.as_i64();
        let client = &self.session.client;
        let rows = client.query_typed(&sql, &[(&version, Type::INT8)]).await?;
        let statements = (0..step.count()).map(|nth| step.statement(nth));
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
        step: &Step<'_>,
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
        let text = step.statement(statement);
        let version = step.leg.migration.version.as_i64();
        let parameters: [(&(dyn ToSql + Sync), Type); 3] = [
            (&version, Type::INT8),
            (&number, Type::INT4),
            (&text, Type::TEXT),
        ];
        let client = &self.session.client;
        client.query_typed(&sql, &parameters).await.map(drop)
    }

    /// The last statement is done as well. Not left to [`Ledger::close`]: that may be lost, and tried again.
    pub(super) async fn finish(&self, step: &Step<'_>) -> Result<(), tokio_postgres::Error> {
        let sql = format!(
            "UPDATE {} SET done = now() WHERE version = $1 AND done IS NULL",
            self.table
        );
        let version = step.leg.migration.version.as_i64();
        let client = &self.session.client;
        let rows = client.query_typed(&sql, &[(&version, Type::INT8)]).await;
        rows.map(drop)
    }

    /// All statements are done: the history row is written or taken away, and the ledger goes with it.
    pub(super) async fn close(
        self,
        history: &HistoryTable,
        step: &Step<'_>,
        limits: &Limits,
    ) -> Result<(), Broken> {
        let client = &self.session.client;
        let opening = format!(
            "BEGIN ISOLATION LEVEL READ COMMITTED; {}; DROP TABLE {}",
            step.row, self.table
        );
        let work = async {
            match step.kind {
                Kind::Forward => {
                    let sql = format!("{opening}; {}", remains::commit(limits).join("; "));
                    client.batch_execute(&sql).await.map_err(Broken::framed)
                }
                Kind::Back { goal, .. } => {
                    client
                        .batch_execute(&opening)
                        .await
                        .map_err(Broken::framed)?;
                    reach(self.session, history, goal, limits).await
                }
            }
        };
        or_roll_back(self.session, work.await).await
    }
}

/// Whether the first step of a plan was begun without a transaction and not ended: then the schema is between two versions,
/// and the way out is to go on.
///
/// # Errors
/// The connection is lost, or the role may not read the ledger.
pub async fn is_under_way(
    session: &Session,
    history: &HistoryTable,
    plan: &RollbackPlan<'_>,
) -> Result<bool, Error> {
    let Some(first) = plan.steps.first() else {
        return Ok(false);
    };
    if first.migration.script(Way::Back).mode == Mode::Transaction {
        return Ok(false);
    }
    let ask = async {
        let client = &session.client;
        let table = history.ledger().qualified();
        let there = "SELECT to_regclass($1) IS NOT NULL";
        let rows = client.query_typed(there, &[(&table, Type::TEXT)]).await?;
        if !rows.iter().any(|row| row.get(0)) {
            return Ok(false);
        }
        // Its row is in the history, so what the ledger has of it is of the way back.
        let begun = format!("SELECT EXISTS (SELECT FROM {table} WHERE version = $1)");
        let version = first.migration.version.as_i64();
        let rows = client
            .query_typed(&begun, &[(&version, Type::INT8)])
            .await?;
        Ok(rows.iter().any(|row| row.get(0)))
    };
    let answer: Result<bool, tokio_postgres::Error> = ask.await;
    answer.map_err(|error| broken("the ledger cannot be read", &error))
}
