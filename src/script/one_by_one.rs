//! A migration whose statements refuse a transaction: one by one, each remembered in the ledger that `up` keeps too.
//!
//! What was cut off is gone on from by either of them, as `apply` does it: the database itself is the evidence. Where
//! `apply` waits for somebody else's work to end, psql cannot, and the file says so and stops.

use super::Ground;
use super::frame::{comment, number};
use super::quoted::{dollars, literal, stop};
use super::step::Step;
use crate::apply::{INDEX_IN_PROGRESS, LEFT_BY_REINDEX, make_ledger};
use crate::embedded::{Relation, Residue};
use crate::history::quote;

/// The statements that are not done yet, then the history row.
pub(super) fn run(ground: &Ground<'_>, step: &Step<'_>) -> String {
    let ledger = ground.table().ledger().qualified();
    let version = number(step.migration.version);
    let mut text = comment(
        "Without a transaction, statement by statement. The ledger remembers which are done; when psql stops in between, \
         this file and `dsentr-migrate` go on from there.",
    );
    text.push_str(&step.opening(ground));
    text.push_str(&format!("{};\n", make_ledger(&ledger)));
    let count = step.script.statements.len();
    for nth in 0..count {
        text.push_str(&between(step, nth));
        text.push_str(&statement(step, nth, &ledger));
    }
    text.push_str(&between(step, count));
    text.push_str(&format!(
        "UPDATE {ledger} SET done = now() WHERE version = {version} AND done IS NULL;\n\
         BEGIN ISOLATION LEVEL READ COMMITTED;\n\
         {}\
         DROP TABLE {ledger};\n\
         COMMIT;\n",
        step.row(ground)
    ));
    text
}

/// The comments of the text between two statements.
fn between(step: &Step<'_>, nth: usize) -> String {
    let statements = step.script.statements;
    let all = step.range();
    let before = nth.checked_sub(1).and_then(|before| statements.get(before));
    let start = before.map_or(all.start, |before| before.range().end);
    let end = statements
        .get(nth)
        .map_or(all.end, |next| next.range().start);
    let comments = step.script.text[start..end].trim_start_matches([';', ' ', '\n', '\t']);
    match comments.trim_end() {
        "" => "\n".to_owned(),
        comments => format!("\n{comments}\n"),
    }
}

fn statement(step: &Step<'_>, nth: usize, ledger: &str) -> String {
    let version = number(step.migration.version);
    let mut residues = step.script.residues.iter();
    let residue = residues.find(|(at, _)| *at == nth);
    let begin = begin(ledger, &version, nth);
    format!(
        "SELECT {sql} AS dsentr_sql \\gset\n\
         SELECT count(done) > 0 AS dsentr_finished, count(*) > count(done) AS dsentr_begun FROM {ledger}\n    \
             WHERE version = {version} AND statement = {nth} AND sql = :'dsentr_sql' \\gset\n\
         \\if :dsentr_finished\n\
         \\else\n\
         {orphan}\
         {work}\
         \\endif\n",
        sql = dollars(step.script.statement(nth)),
        orphan = orphan(),
        work = work(residue.map(|(_, residue)| residue), &begin),
    )
}

/// The statement itself, once it is known to be needed, and what it may have left before.
fn work(residue: Option<&Residue>, begin: &str) -> String {
    let run = format!("{begin}SELECT :'dsentr_sql' \\gexec\n");
    match residue {
        Some(Residue::Index(index)) => format!(
            "{}{}{}\
             \\if :dsentr_needed\n\
             {run}\
             {}\
             \\endif\n",
            is_made_now(index),
            drop_invalid(index),
            is_needed(index),
            is_invalid(index)
        ),
        Some(Residue::Reindex) => {
            let drop = drop_left_by_reindex();
            format!("\\if :dsentr_begun\n{drop}\\endif\n{run}{drop}")
        }
        Some(Residue::Detach { parent, partition }) => detach(parent, partition, begin),
        // Without an effect outside of itself, or made to be run again: the build has seen to that.
        Some(Residue::DroppedIndex(_)) | None => run,
    }
}

/// A server process whose client is gone works on until it notices. What it is at is what we are about to do.
fn orphan() -> String {
    format!(
        "\\if :dsentr_begun\n\
         SELECT EXISTS (\n    \
             SELECT FROM pg_catalog.pg_stat_activity\n    \
             WHERE pid <> pg_backend_pid() AND datname = current_database() AND state = 'active'\n        \
                 AND query <> '' AND starts_with(:'dsentr_sql', query)\n\
         ) AS dsentr_orphan \\gset\n\
         \\if :dsentr_orphan\n\
         {}\
         \\endif\n\
         \\endif\n",
        stop(
            "the next statement is still running for a run that is gone",
            "run the file again when it has ended; pg_stat_activity shows it"
        )
    )
}

/// The statement is about to be sent; the ones before it are done, and what is known of the ones behind it is void.
fn begin(ledger: &str, version: &str, nth: usize) -> String {
    format!(
        "WITH before AS (\n    \
             UPDATE {ledger} SET done = now() WHERE version = {version} AND statement < {nth} AND done IS NULL\n\
         ), behind AS (\n    \
             DELETE FROM {ledger} WHERE version = {version} AND statement > {nth}\n\
         )\n\
         INSERT INTO {ledger} VALUES ({version}, {nth}, :'dsentr_sql')\n\
         ON CONFLICT (version, statement) DO UPDATE SET sql = excluded.sql, begun = now(), done = NULL;\n"
    )
}

fn qualified(relation: &Relation) -> String {
    format!("{}.{}", quote(relation.schema), quote(relation.name))
}

/// The rest of a query for an index.
fn of_index(index: &Relation) -> String {
    format!(
        "FROM pg_catalog.pg_index AS i\n    \
             JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid\n    \
             JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace\n    \
             WHERE n.nspname = {} AND c.relname = {} AND c.relkind = 'i'",
        literal(index.schema),
        literal(index.name)
    )
}

fn is_made_now(index: &Relation) -> String {
    format!(
        "SELECT EXISTS (\n    \
             SELECT {}\n        \
                 AND NOT i.indisvalid AND {INDEX_IN_PROGRESS}\n\
         ) AS dsentr_in_progress \\gset\n\
         \\if :dsentr_in_progress\n\
         {}\
         \\endif\n",
        of_index(index),
        stop(
            &format!("somebody else is making the index {} now", qualified(index)),
            "run the file again when it is made"
        )
    )
}

/// An index that is there and INVALID was being made when its maker was cut off.
fn drop_invalid(index: &Relation) -> String {
    format!(
        "SELECT {drop}\n    {}\n        AND NOT i.indisvalid \\gexec\n",
        of_index(index),
        drop = literal(&format!(
            "DROP INDEX CONCURRENTLY IF EXISTS {}",
            qualified(index)
        )),
    )
}

/// One that was begun and is valid was done when it was cut off.
fn is_needed(index: &Relation) -> String {
    format!(
        "SELECT NOT (:'dsentr_begun'::boolean AND EXISTS (\n    \
             SELECT {}\n        \
                 AND i.indisvalid\n\
         )) AS dsentr_needed \\gset\n",
        of_index(index)
    )
}

/// IF NOT EXISTS also ends well where somebody else was making the index, and was cut off then.
fn is_invalid(index: &Relation) -> String {
    format!(
        "SELECT EXISTS (\n    \
             SELECT {}\n        \
                 AND NOT i.indisvalid\n\
         ) AS dsentr_invalid \\gset\n\
         \\if :dsentr_invalid\n\
         {}\
         \\endif\n",
        of_index(index),
        stop(
            &format!("the index {} is INVALID", qualified(index)),
            "run the file again: it makes the index anew"
        )
    )
}

/// The names that PostgreSQL gives to the new and the old one of each pair.
fn drop_left_by_reindex() -> String {
    format!(
        "SELECT format('DROP INDEX CONCURRENTLY IF EXISTS %I.%I', n.nspname, c.relname)\n    \
             {LEFT_BY_REINDEX} \\gexec\n"
    )
}

/// A partition whose detaching was cut off is detached, attached, or pending and can only be finished.
fn detach(parent: &Relation, partition: &Relation, begin: &str) -> String {
    let (parent, partition) = (qualified(parent), qualified(partition));
    format!(
        "SELECT true AS dsentr_needed, false AS dsentr_detaching \\gset\n\
         \\if :dsentr_begun\n\
         SELECT count(*) > 0 AS dsentr_needed, coalesce(bool_or(inhdetachpending), false) AS dsentr_detaching\n    \
             FROM pg_catalog.pg_inherits\n    \
             WHERE inhparent = to_regclass({}) AND inhrelid = to_regclass({}) \\gset\n\
         \\endif\n\
         \\if :dsentr_needed\n\
         {begin}\
         \\if :dsentr_detaching\n\
         ALTER TABLE {parent} DETACH PARTITION {partition} FINALIZE;\n\
         \\else\n\
         SELECT :'dsentr_sql' \\gexec\n\
         \\endif\n\
         \\endif\n",
        literal(&parent),
        literal(&partition)
    )
}
