//! Records as applied what another tool applied. No migration is run.
//!
//! refinery writes the rows here too: with a target that is faked it gives out the statement for the table and all INSERTs,
//! which are sent in one transaction.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use refinery::Target;
use refinery_core::traits::r#async::{AsyncMigrate, AsyncQuery, AsyncTransaction};

use super::forward::Failed;
use super::limits::limits_of_look;
use super::look::patiently;
use super::rebuild::Rebuild;
use super::refinery_migrations;
use super::runner::is_made_by_another;
use super::transaction::frame_in;
use crate::config::Settings;
use crate::connect::Session;
use crate::embedded::Migration;
use crate::error::Error;
use crate::history::History;
use crate::lock::Held;
use crate::schema::{Objects, Schema, Scope, literal};
use crate::server_error::ServerError;
use crate::signal::Stop;
use crate::source::Version;

/// What is to be recorded, and what must hold for it.
pub struct Record<'a> {
    /// The migrations of this binary.
    pub embedded: &'a [Migration],
    /// The newest that is recorded, with all before it.
    pub to: Version,
    /// The comment on the history.
    pub comment: &'a str,
    /// The history; it has no rows, unless it makes room.
    pub history: &'a History,
    /// Whether that history makes room for another, instead of being filled.
    pub rebuild: Option<&'a Rebuild>,
    /// The schema that was judged.
    pub seen: &'a Schema,
    /// Where it was read.
    pub scope: Scope<'a>,
}

/// How that ended, when nothing failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// It is committed.
    Done,
    /// Nothing is recorded: since it was judged, somebody has changed the schema, or was faster to write the history.
    Overtaken,
}

/// Makes the history where it is not there, and writes the rows and the comment, if the schema is still the one that was
/// judged. All or nothing.
///
/// # Errors
/// A table lock was not obtained in time, a signal, the connection is lost, or the server refused it.
pub async fn record(
    session: &Session,
    held: &Held<'_>,
    record: &Record<'_>,
    settings: &Settings,
    stop: &Stop,
) -> Result<Recorded, Error> {
    let limits = limits_of_look(settings, held.is_direct());
    let opening = frame_in(session, &limits);
    let table = settings.history.qualified();
    let history = &settings.history;
    let mut closing = record
        .rebuild
        .map_or_else(String::new, |rebuild| rebuild.before(history));
    closing.push_str(&statements(record, &table).await?);
    let comment = literal(record.comment);
    let _ = writeln!(closing, "COMMENT ON TABLE {table} IS {comment};");
    if let Some(rebuild) = record.rebuild {
        closing.push_str(&rebuild.after(history, record.to));
    }
    closing.push_str("COMMIT");
    let attempt = || once(session, record, &opening, &closing);
    let purpose = "the history cannot be written";
    patiently(session, settings, stop, purpose, attempt).await
}

async fn once(
    session: &Session,
    record: &Record<'_>,
    opening: &str,
    closing: &str,
) -> Result<Recorded, tokio_postgres::Error> {
    let client = &session.client;
    let work = async {
        client.batch_execute(opening).await?;
        let now = Schema::read_within(client, record.scope).await?;
        if judged(&now) != judged(record.seen) {
            client.batch_execute("ROLLBACK").await?;
            return Ok(Recorded::Overtaken);
        }
        client.batch_execute(closing).await?;
        Ok(Recorded::Done)
    };
    let result: Result<Recorded, tokio_postgres::Error> = work.await;
    let Err(error) = result else { return result };
    // Where the connection is gone, so is the transaction.
    let _ = client.batch_execute("ROLLBACK").await;
    if ServerError::find(&error).is_some_and(|server| is_made_by_another(&server)) {
        return Ok(Recorded::Overtaken);
    }
    Err(error)
}

/// What of a schema an adoption is judged by. What somebody builds at this moment and what belongs to the server is none of
/// it, and may change.
fn judged(schema: &Schema) -> (&str, &Objects, &BTreeSet<String>, &Objects, Option<&str>) {
    let Schema {
        owner,
        objects,
        shared,
        beyond_reach,
        remark,
        ..
    } = schema;
    (owner, objects, shared, beyond_reach, remark.as_deref())
}

/// The statements of refinery, each with a semicolon.
async fn statements(record: &Record<'_>, table: &str) -> anyhow::Result<String> {
    let mut scribe = Scribe::default();
    let target = Target::FakeVersion(record.to.as_i64());
    let mut refinery =
        refinery::Runner::new(&refinery_migrations(record.embedded)?).set_target(target);
    refinery.set_migration_table_name(table);
    Box::pin(refinery.run_async(&mut scribe)).await?;
    // CREATE TABLE IF NOT EXISTS fails for a role without CREATE on the schema even where the table is there.
    let made = usize::from(record.history.exists && record.rebuild.is_none());
    let statements = scribe.0.iter().skip(made);
    Ok(statements.fold(String::new(), |text, statement| {
        format!("{text}{};\n", statement.trim_end_matches(';'))
    }))
}

/// Writes down what refinery would send to a database without a history.
#[derive(Default)]
struct Scribe(Vec<String>);

impl AsyncTransaction for Scribe {
    type Error = Failed;

    async fn execute<'a, T: Iterator<Item = &'a str> + Send + 'a>(
        &'a mut self,
        queries: T,
    ) -> Result<usize, Failed> {
        let before = self.0.len();
        self.0.extend(queries.map(str::to_owned));
        Ok(self.0.len() - before)
    }
}

impl AsyncQuery<Vec<refinery::Migration>> for Scribe {
    async fn query(&mut self, _query: &str) -> Result<Vec<refinery::Migration>, Failed> {
        Ok(Vec::new())
    }
}

impl AsyncMigrate for Scribe {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_built_or_belongs_to_the_server_may_change_meanwhile() {
        let one = |key: &str| Objects::from([(key.to_owned(), "one".to_owned())]);
        let schema = |others: Objects, objects: Objects| Schema {
            owner: "me".to_owned(),
            objects,
            shared: BTreeSet::new(),
            invalid: others.clone(),
            building: others.clone(),
            cluster: others.clone(),
            unknown: others,
            beyond_reach: Objects::new(),
            remark: None,
        };
        let before = schema(Objects::new(), one("table users"));
        let meanwhile = schema(one("role somebody"), one("table users"));
        assert_eq!(judged(&before), judged(&meanwhile));
        let changed = schema(Objects::new(), one("table orders"));
        assert_ne!(judged(&before), judged(&changed));
    }
}
