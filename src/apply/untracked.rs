//! What keeps a first run away from a schema that is there without its history.
//!
//! Most migrations take what they find for their own (`IF NOT EXISTS`). Over a schema that another tool has made, or whose
//! history was lost, a run would get far before one fails, and `adopt` would no longer know what the database is.

use super::SCHEMA;
use crate::config::HistoryTable;
use crate::embedded::{Migration, sealed_objects};
use crate::error::Error;
use crate::plan::Refusal;
use crate::schema::{before_last_dot, literal};
use crate::server_error::ServerError;

/// The SQLSTATE of [`guard`], in a class that PostgreSQL leaves to others.
pub(super) const UNTRACKED: &str = "DM002";

/// Fails where a sealed table is there and the history has nothing; says in the detail which tables, one a line. None
/// where nothing is sealed. A migration without a transaction that is under way has left some rightly.
pub(super) fn guard(
    embedded: &[Migration],
    history: &HistoryTable,
    is_made: bool,
) -> Option<String> {
    let sealed = sealed_tables(embedded)?;
    let (table, ledger) = (history.qualified(), history.ledger().qualified());
    // Another runner may have made it since it was looked for.
    let has_nothing = if is_made {
        format!("NOT EXISTS (SELECT FROM {table})")
    } else {
        format!("pg_catalog.to_regclass({}) IS NULL", literal(&table))
    };
    Some(format!(
        "DO $untracked$\n\
         DECLARE\n    \
             there text;\n\
         BEGIN\n    \
             SELECT pg_catalog.string_agg(name, E'\\n' ORDER BY name) INTO there\n    \
             FROM {sealed};\n    \
             IF there IS NOT NULL AND {has_nothing} AND pg_catalog.to_regclass({ledger}) IS NULL THEN\n        \
                 RAISE EXCEPTION 'tables without a history' USING ERRCODE = '{UNTRACKED}', DETAIL = there;\n    \
             END IF;\n\
         END\n\
         $untracked$;\n",
        ledger = literal(&ledger),
    ))
}

/// What stands in SQL behind FROM for those of the sealed tables that are there, each with its `name`. None where nothing
/// is sealed.
pub(crate) fn sealed_tables(embedded: &[Migration]) -> Option<String> {
    let mut newest_first = embedded.iter().rev();
    let sealed = newest_first.find_map(|migration| sealed_objects(embedded, migration.version))?;
    let names = sealed
        .keys()
        .filter_map(|object| object.strip_prefix("table "));
    let rows = names.map(|name| {
        // Whatever the search_path is.
        let place = match before_last_dot(name) {
            Some(_) => name.to_owned(),
            None => format!("{SCHEMA}.{name}"),
        };
        format!("({}, {})", literal(name), literal(&place))
    });
    let rows: Vec<String> = rows.collect();
    let rows = rows.join(", ");
    Some(format!(
        "(VALUES {rows}) AS sealed (name, place) WHERE pg_catalog.to_regclass(place) IS NOT NULL"
    ))
}

/// What its failure means.
pub(super) fn untracked(error: &ServerError) -> Error {
    let tables = error.detail.as_deref().unwrap_or_default().lines();
    Error::Refusal(Refusal::Untracked {
        tables: tables.map(str::to_owned).collect(),
    })
}
