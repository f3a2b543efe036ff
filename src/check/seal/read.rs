//! Reads `migrations.lock`, and holds it to what it says of itself.
//!
//! Nobody should edit the file, and git should not merge it. Where somebody did, this is where it shows: each hash is
//! computed again, and the whole is written again and compared.

use super::super::problem::Finding;
use super::hash::{hex, schema_sha256, short, unhex};
use super::proven::{Proven, Written};
use super::write::write;
use super::{LockFile, Rows, Seal};
use crate::source::{FileName, Span, TableLock};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use toml::Spanned;

const AGAIN: &str = "bring it back: `git checkout HEAD -- migrations/migrations.lock`, then run `cargo migration seal`";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    migration: Vec<Block>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Block {
    name: Spanned<String>,
    forward: Spanned<String>,
    rollback: Spanned<String>,
    schema: Spanned<String>,
    transaction: bool,
    rerunnable: bool,
    proven_on: Spanned<Vec<Written>>,
    #[serde(default)]
    data_loss: Vec<String>,
    #[serde(default)]
    rollback_data_loss: Vec<String>,
    #[serde(default)]
    rewrites: BTreeSet<String>,
    #[serde(default)]
    dropped: BTreeSet<Spanned<String>>,
    #[serde(default)]
    locks: BTreeMap<String, Spanned<String>>,
    #[serde(default)]
    rows: BTreeMap<String, RowsOfTable>,
    #[serde(default)]
    added: Definitions,
    #[serde(default)]
    changed: Definitions,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RowsOfTable {
    read: u64,
    written: u64,
}

/// From each object to its definition and the short hash of that.
type Definitions = BTreeMap<String, Spanned<(String, String)>>;

/// `agreed`: so many bytes at its start are known to agree with themselves.
pub(super) fn read(text: &str, agreed: usize) -> Result<LockFile, Vec<Finding>> {
    if let Some(finding) = conflict(text) {
        return Err(vec![finding]);
    }
    let document: Document = toml::from_str(text).map_err(|error| vec![no_toml(&error)])?;
    let mut findings = out_of_order(&document.migration);
    let mut seals = Vec::new();
    for block in &document.migration {
        match seal(block) {
            Ok(seal) => seals.push(seal),
            Err(mut found) => findings.append(&mut found),
        }
    }
    if findings.is_empty() {
        findings.extend(replay(&document.migration, &seals, agreed));
    }
    if findings.is_empty() {
        findings.extend(not_as_written(text, &write(&seals)));
    }
    if findings.is_empty() {
        return Ok(LockFile { seals });
    }
    Err(findings)
}

/// A merge that stopped here and was not resolved.
fn conflict(text: &str) -> Option<Finding> {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        if line.starts_with("<<<<<<< ") || line.starts_with(">>>>>>> ") {
            let span = Span::of(start..start + line.trim_end().len());
            return Some(Finding::at(span, "a merge conflict that is not resolved").help(
                "take the whole file of one side: `git checkout --theirs migrations/migrations.lock`, then run `cargo migration seal`",
            ));
        }
        start += line.len();
    }
    None
}

fn no_toml(error: &toml::de::Error) -> Finding {
    let message = error.message().trim_end().replace('\n', ", ");
    let finding = match error.span() {
        Some(span) => Finding::at(Span::of(span), message),
        None => Finding::whole(message),
    };
    finding.help(AGAIN)
}

/// Blocks stand in the order of their versions, none twice.
fn out_of_order(blocks: &[Block]) -> Vec<Finding> {
    let pairs = blocks.windows(2).map(|pair| (&pair[0].name, &pair[1].name));
    let wrong = pairs.filter(|(before, after)| before.get_ref() >= after.get_ref());
    let finding = |(before, after): (&Spanned<String>, &Spanned<String>)| {
        let message = if before.get_ref() == after.get_ref() {
            format!("`{}` has two blocks", after.get_ref())
        } else {
            format!("this block stands behind `{}`", before.get_ref())
        };
        at(after, message)
    };
    wrong.map(finding).collect()
}

fn seal(block: &Block) -> Result<Seal, Vec<Finding>> {
    let mut findings = Vec::new();
    let mut hash = |digits: &Spanned<String>| {
        unhex(digits.get_ref()).unwrap_or_else(|| {
            findings.push(at(
                digits,
                "this is no SHA-256 of 64 small hexadecimal digits",
            ));
            [0; 32]
        })
    };
    let (forward, rollback) = (hash(&block.forward), hash(&block.rollback));
    let schema = hash(&block.schema);
    if let Err(problem) = FileName::parse(&format!("{}.sql", block.name.get_ref())) {
        findings.push(at(&block.name, problem.message));
    }
    let proven_on = Proven::read(block.proven_on.get_ref());
    match &proven_on {
        None => findings.push(at(
            &block.proven_on,
            "these are no versions of PostgreSQL, one of each major",
        )),
        Some(servers) if servers.is_empty() => {
            findings.push(at(&block.proven_on, "it was proven on no server"));
        }
        Some(_) => {}
    }
    let mut locks = BTreeMap::new();
    for (table, mode) in &block.locks {
        match mode.get_ref().parse::<TableLock>() {
            Ok(mode) => _ = locks.insert(table.clone(), mode),
            Err(_) => findings.push(at(mode, "PostgreSQL has no such table lock")),
        }
    }
    let added = definitions(&block.added, &mut findings);
    let changed = definitions(&block.changed, &mut findings);
    if !findings.is_empty() {
        return Err(findings);
    }
    let rows = |rows: &RowsOfTable| Rows {
        read: rows.read,
        written: rows.written,
    };
    Ok(Seal {
        stem: block.name.get_ref().clone(),
        forward,
        rollback,
        schema,
        transaction: block.transaction,
        rerunnable: block.rerunnable,
        proven_on: proven_on.unwrap_or_default(),
        data_loss: block.data_loss.clone(),
        rollback_data_loss: block.rollback_data_loss.clone(),
        locks,
        rewrites: block.rewrites.clone(),
        rows: block
            .rows
            .iter()
            .map(|(table, of)| (table.clone(), rows(of)))
            .collect(),
        added,
        changed,
        dropped: block
            .dropped
            .iter()
            .map(|object| object.get_ref().clone())
            .collect(),
    })
}

/// The definitions, each held to its hash.
fn definitions(rows: &Definitions, findings: &mut Vec<Finding>) -> BTreeMap<String, String> {
    let mut definitions = BTreeMap::new();
    for (object, row) in rows {
        let (definition, hash) = row.get_ref();
        if *hash != short(definition) {
            findings.push(at(
                row,
                format!("the hash does not fit the definition of {object}"),
            ));
        }
        definitions.insert(object.clone(), definition.clone());
    }
    definitions
}

/// What one seal adds must not be there, what it changes or drops must be, and all together is the schema that it says.
/// Only the first seal that does not fit is told of: what is behind it cannot fit.
fn replay(blocks: &[Block], seals: &[Seal], agreed: usize) -> Vec<Finding> {
    let mut objects = BTreeMap::new();
    // Adding up the schema is what costs: it grows with the number of the seals before.
    let mut sum = None;
    for (block, seal) in blocks.iter().zip(seals) {
        let is_agreed = block.name.span().start < agreed;
        let mut findings = Vec::new();
        if !is_agreed {
            findings = misplaced(block, &objects);
        }
        if seal.changes_schema() {
            seal.apply(&mut objects);
            sum = None;
        }
        if is_agreed {
            continue;
        }
        let sum = sum.get_or_insert_with(|| schema_sha256(&objects));
        if findings.is_empty() && *sum != seal.schema {
            let is = hex(sum);
            findings.push(at(
                &block.schema,
                format!(
                    "up to `{}` the seals add up to another schema, {is}",
                    seal.stem
                ),
            ));
        }
        if !findings.is_empty() {
            return findings;
        }
    }
    Vec::new()
}

fn misplaced(block: &Block, before: &BTreeMap<String, String>) -> Vec<Finding> {
    let added = block
        .added
        .iter()
        .filter(|(object, _)| before.contains_key(*object));
    let added = added.map(|(object, row)| at(row, format!("{object} is there already")));
    let changed = block
        .changed
        .iter()
        .filter(|(object, _)| !before.contains_key(*object));
    let changed = changed.map(|(object, row)| {
        at(
            row,
            format!("{object} is not there before, so it cannot change"),
        )
    });
    let dropped = block
        .dropped
        .iter()
        .filter(|object| !before.contains_key(object.get_ref()));
    let dropped = dropped.map(|object| {
        at(
            object,
            format!(
                "{} is not there before, so it cannot be dropped",
                object.get_ref()
            ),
        )
    });
    added.chain(changed).chain(dropped).collect()
}

/// The first line that is otherwise than it would be written.
fn not_as_written(text: &str, written: &str) -> Option<Finding> {
    if text == written {
        return None;
    }
    let mut start = 0;
    let mut lines = written.split_inclusive('\n');
    for line in text.split_inclusive('\n') {
        if lines.next() != Some(line) {
            break;
        }
        start += line.len();
    }
    let rest = &text[start..];
    let end = start + rest.find('\n').unwrap_or(rest.len());
    let message = "this is not as `cargo migration seal` writes it";
    Some(Finding::at(Span::of(start..end), message).help(AGAIN))
}

fn at<T>(place: &Spanned<T>, message: impl Into<String>) -> Finding {
    Finding::at(Span::of(place.span()), message).help(AGAIN)
}
