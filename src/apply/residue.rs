//! What a statement without a transaction left behind when it was cut off, and what that means for its next run.
//!
//! The database itself is the evidence: an index is valid, INVALID or not there. Nobody has to repair anything by hand.

use std::time::Duration;

use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Error, Row};

use super::step::Step;
use crate::connect::Session;
use crate::embedded::{Relation, Residue};
use crate::history::quote;

/// Between two looks whether an orphan has ended.
const PAUSE: Duration = Duration::from_millis(100);

/// Whether somebody is making the index `c` now, `i` in `pg_index`. Of another role's session the server hides which index it
/// makes; not that it makes one, and which table it holds for that.
macro_rules! index_in_progress {
    () => {
        "EXISTS (SELECT FROM pg_catalog.pg_stat_progress_create_index AS p \
            WHERE p.index_relid = c.oid OR p.index_relid IS NULL AND EXISTS (SELECT FROM pg_catalog.pg_locks AS l \
                WHERE l.pid = p.pid AND l.relation = i.indrelid AND l.mode = 'ShareUpdateExclusiveLock' AND l.granted))"
    };
}

/// See above.
pub(crate) const INDEX_IN_PROGRESS: &str = index_in_progress!();

/// The INVALID indexes `c` in schemas `n` that a REINDEX CONCURRENTLY left, by the names that PostgreSQL gives to the new
/// and the old one of each pair.
/// <https://www.postgresql.org/docs/18/sql-reindex.html#SQL-REINDEX-CONCURRENTLY>
pub(crate) const LEFT_BY_REINDEX: &str = concat!(
    "FROM pg_catalog.pg_class c \
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
    JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid \
    WHERE NOT i.indisvalid AND c.relkind = 'i' AND c.relname ~ '_cc(new|old)[0-9]*$' \
      AND n.nspname NOT LIKE 'pg\\_toast%' \
      AND NOT ",
    index_in_progress!()
);

/// What to do with a statement.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Run it.
    Run,
    /// Nothing: it was done when it was cut off.
    Skip,
    /// Run this, which brings it to its end.
    Finish(String),
}

/// Clears away what an earlier run of a statement left. `was_begun`: one was begun, and its end is not known.
pub(super) async fn clear(
    session: &Session,
    step: &Step<'_>,
    statement: usize,
    was_begun: bool,
) -> Result<Next, Error> {
    if was_begun {
        outlast_orphans(session, step.statement(statement)).await?;
    }
    match of(step, statement) {
        Some(Residue::Index(name)) => Ok(match index(session, name).await? {
            Found::Valid if was_begun => Next::Skip,
            Found::Nothing | Found::Valid | Found::Dropped => Next::Run,
        }),
        Some(Residue::Reindex) if was_begun => {
            reindexed(session).await?;
            Ok(Next::Run)
        }
        Some(Residue::Detach { parent, partition }) if was_begun => {
            detached(session, parent, partition).await
        }
        // Without an effect outside of itself, or made to be run again: the build has seen to that.
        Some(Residue::DroppedIndex(_) | Residue::Reindex | Residue::Detach { .. }) | None => {
            Ok(Next::Run)
        }
    }
}

/// Whether a statement that came to its end has done its work. IF NOT EXISTS also ends well where another run, which has
/// lost the lock without knowing, was making the index and is cut off then.
pub(super) async fn is_done(
    session: &Session,
    step: &Step<'_>,
    statement: usize,
) -> Result<bool, Error> {
    match of(step, statement) {
        Some(Residue::Index(name)) => Ok(index(session, name).await? != Found::Dropped),
        Some(Residue::Reindex) => reindexed(session).await.map(|()| true),
        Some(Residue::DroppedIndex(_) | Residue::Detach { .. }) | None => Ok(true),
    }
}

fn of(step: &Step<'_>, statement: usize) -> Option<&'static Residue> {
    let mut residues = step.leg.script.residues.iter();
    let residue = residues.find(|(nth, _)| *nth == statement);
    residue.map(|(_, residue)| residue)
}

/// A server process whose client is gone works on until it notices. What it is at is what we are about to do.
async fn outlast_orphans(session: &Session, sql: &str) -> Result<(), Error> {
    let question = "SELECT pid FROM pg_catalog.pg_stat_activity \
                    WHERE pid <> pg_catalog.pg_backend_pid() AND datname = current_database() AND state = 'active' \
                      AND query <> '' AND starts_with($1, query)";
    let mut is_told = false;
    loop {
        let client = &session.client;
        let orphans = client.query_typed(question, &[(&sql, Type::TEXT)]).await?;
        let Some(orphan) = orphans.first().map(|row| row.get::<_, i32>(0)) else {
            return Ok(());
        };
        if !is_told {
            is_told = true;
            tracing::warn!(
                pid = orphan,
                "the statement is still running for a run that is gone; waiting for its end"
            );
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// What was found where an index should be.
#[derive(PartialEq, Eq)]
enum Found {
    Nothing,
    Valid,
    /// It was INVALID, and is no more.
    Dropped,
}

/// An index that is there and INVALID was being made when its maker was cut off. One that somebody is making now is
/// waited for.
async fn index(session: &Session, name: &Relation) -> Result<Found, Error> {
    let question = format!(
        "SELECT i.indisvalid, {INDEX_IN_PROGRESS} \
         FROM pg_catalog.pg_class c \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid \
         WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind = 'i'"
    );
    loop {
        let rows = ask(session, &question, name.schema, name.name).await?;
        let Some(row) = rows.first() else {
            return Ok(Found::Nothing);
        };
        match (row.get(0), row.get(1)) {
            (true, _) => return Ok(Found::Valid),
            (false, true) => tokio::time::sleep(PAUSE).await,
            (false, false) => {
                drop_index(session, name.schema, name.name).await?;
                return Ok(Found::Dropped);
            }
        }
    }
}

async fn drop_index(session: &Session, schema: &str, name: &str) -> Result<(), Error> {
    let index = format!("{}.{}", quote(schema), quote(name));
    tracing::warn!(
        index,
        "dropping an INVALID index, left behind by a run that was cut off"
    );
    let sql = format!("DROP INDEX CONCURRENTLY IF EXISTS {index}");
    session.client.batch_execute(&sql).await
}

async fn reindexed(session: &Session) -> Result<(), Error> {
    let question = format!("SELECT n.nspname, c.relname {LEFT_BY_REINDEX}");
    for row in session.client.query_typed(&question, &[]).await? {
        drop_index(session, row.get(0), row.get(1)).await?;
    }
    Ok(())
}

/// A partition whose detaching was cut off is pending, and can only be finished.
async fn detached(
    session: &Session,
    parent: &Relation,
    partition: &Relation,
) -> Result<Next, Error> {
    let qualified =
        |relation: &Relation| format!("{}.{}", quote(relation.schema), quote(relation.name));
    let (parent, partition) = (qualified(parent), qualified(partition));
    let question = "SELECT inhdetachpending FROM pg_catalog.pg_inherits \
                    WHERE inhparent = to_regclass($1) AND inhrelid = to_regclass($2)";
    let rows = ask(session, question, &parent, &partition).await?;
    Ok(match rows.first().map(|row| row.get(0)) {
        None => Next::Skip,
        Some(false) => Next::Run,
        Some(true) => Next::Finish(format!(
            "ALTER TABLE {parent} DETACH PARTITION {partition} FINALIZE"
        )),
    })
}

/// A question with two texts as its parameters.
async fn ask(
    session: &Session,
    question: &str,
    first: &str,
    second: &str,
) -> Result<Vec<Row>, Error> {
    let client = &session.client;
    let parameters: [(&(dyn ToSql + Sync), Type); 2] =
        [(&first, Type::TEXT), (&second, Type::TEXT)];
    client.query_typed(question, &parameters).await
}
