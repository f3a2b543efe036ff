//! What a statement that was cut off leaves behind, and whether it can be started again.
//!
//! A file without a transaction runs statement by statement, and the database remembers which are done. A run that was
//! killed goes on with the statement in which that happened: its work may be undone, half done, or done and not yet
//! remembered. Only CONCURRENTLY leaves halves; the other statements that refuse a transaction leave all or nothing.

use super::file::{File, Part};
use super::header::runs_without_transaction;
use super::problem::Finding;
use super::words::{child, has, has_inside};
use crate::source::Span;
use serde::{Deserialize, Serialize};
use squawk_syntax::ast::normalize_name_node;
use squawk_syntax::{SyntaxKind, SyntaxNode};

/// What a statement that was cut off may leave in the database.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
pub enum Residue {
    /// CREATE INDEX CONCURRENTLY: this index, INVALID.
    Index(Relation),
    /// DROP INDEX CONCURRENTLY: this index, INVALID, or nothing of it.
    DroppedIndex(Relation),
    /// REINDEX CONCURRENTLY: INVALID indexes whose names end in `_ccnew` or `_ccold` and digits.
    Reindex,
    /// DETACH PARTITION CONCURRENTLY: the partition, its detaching pending.
    Detach {
        /// The partitioned table.
        parent: Relation,
        /// The table that leaves it.
        partition: Relation,
    },
}

/// A table or an index, as the catalogue spells it.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
pub struct Relation {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
}

/// The statements of one direction that may leave something, by their index. In a file with a transaction there are
/// none: `no-transaction` refuses them there.
pub(super) fn residues(part: &Part) -> Vec<(usize, Residue)> {
    let statements = part.statements.iter().enumerate();
    statements
        .filter_map(|(nth, (node, _))| Some((nth, residue(node)?)))
        .collect()
}

/// Nothing where a name lacks its schema; `qualified-name` refuses such a file.
fn residue(node: &SyntaxNode) -> Option<Residue> {
    use SyntaxKind as K;
    match node.kind() {
        K::CREATE_INDEX if is_concurrent_index(node) => {
            let table = relation(&child(node, K::TABLE_RELATION_NAME)?)?;
            // An index stands in the schema of its table, so its name has none.
            let name = segments(&child(node, K::INDEX)?).pop()?;
            Some(Residue::Index(Relation { name, ..table }))
        }
        K::DROP_INDEX if is_concurrent_index(node) => {
            let index = relation(&child(node, K::INDEX_REF)?)?;
            Some(Residue::DroppedIndex(index))
        }
        K::REINDEX if has_inside(node, K::CONCURRENTLY_KW) => Some(Residue::Reindex),
        K::ALTER_TABLE => {
            let detach = child(node, K::DETACH_PARTITION)?;
            if !has_inside(&detach, K::CONCURRENTLY_KW) {
                return None;
            }
            Some(Residue::Detach {
                parent: relation(&child(node, K::TABLE_RELATION_NAME)?)?,
                partition: relation(&detach)?,
            })
        }
        _ => None,
    }
}

/// The first name with a schema in the node.
fn relation(node: &SyntaxNode) -> Option<Relation> {
    let mut segments = segments(node);
    let name = segments.pop()?;
    // Before the schema may stand the database, which can only be the one at hand.
    let schema = segments.pop()?;
    Some(Relation { schema, name })
}

/// The segments of the first path in the node.
fn segments(node: &SyntaxNode) -> Vec<String> {
    let is_path =
        |node: &SyntaxNode| matches!(node.kind(), SyntaxKind::PATH | SyntaxKind::PATH_REF);
    let path = node.descendants().find(is_path);
    let nodes = path.into_iter().flat_map(|path| path.descendants());
    let segments = nodes.filter(|node| {
        matches!(
            node.kind(),
            SyntaxKind::PATH_SEGMENT | SyntaxKind::PATH_SEGMENT_REF
        )
    });
    segments.map(|segment| catalogue_name(&segment)).collect()
}

/// PostgreSQL cuts a longer name without a word.
const LONGEST_NAME: usize = 63;

fn catalogue_name(segment: &SyntaxNode) -> String {
    let mut name = normalize_name_node(segment);
    name.truncate(name.floor_char_boundary(LONGEST_NAME));
    name
}

fn is_concurrent_index(node: &SyntaxNode) -> bool {
    matches!(
        node.kind(),
        SyntaxKind::CREATE_INDEX | SyntaxKind::DROP_INDEX
    ) && has(node, SyntaxKind::CONCURRENTLY_KW)
}

/// The rule looks at both directions, because both are resumed, and at the indexes alone: DETACH PARTITION has no
/// IF EXISTS, so the runtime looks itself whether it is done; what cannot be repeated at all, such as CREATE DATABASE, is
/// left to `not-rerunnable` and its note. No note excuses an index: a note speaks of a second run that a person starts,
/// and this one is started by every kill.
pub(super) fn resumable(file: &File<'_>) -> Vec<Finding> {
    let parts = file.sound_parts();
    let statements = parts.flat_map(|part| &part.statements);
    statements
        .filter(|(node, _)| is_judged(file, node))
        .filter_map(|(node, span)| not_resumable(node, *span))
        .collect()
}

/// Whether the rule judges this statement, so that `not-rerunnable` need not say the same once more.
pub(super) fn is_judged(file: &File<'_>, node: &SyntaxNode) -> bool {
    runs_without_transaction(file) && is_concurrent_index(node)
}

fn not_resumable(node: &SyntaxNode, statement: Span) -> Option<Finding> {
    match node.kind() {
        SyntaxKind::DROP_INDEX => drop_not_resumable(node),
        _ => create_not_resumable(node, statement),
    }
}

fn create_not_resumable(node: &SyntaxNode, statement: Span) -> Option<Finding> {
    let Some(index) = child(node, SyntaxKind::INDEX) else {
        let message = "`CREATE INDEX CONCURRENTLY` without a name makes one more index when it is started again";
        return Some(Finding::at(statement, message).help("write a name, and `IF NOT EXISTS` before it: after a kill the INVALID index of that name is dropped and the statement is started again"));
    };
    if has(node, SyntaxKind::IF_NOT_EXISTS) {
        return None;
    }
    let message = "`CREATE INDEX CONCURRENTLY` fails when it is started again";
    Some(Finding::at(place(&index), message).help("write `IF NOT EXISTS` before the name: after a kill an INVALID index is dropped and the statement is started again, and a valid one may be there already"))
}

fn drop_not_resumable(node: &SyntaxNode) -> Option<Finding> {
    let is_index = |node: &SyntaxNode| node.kind() == SyntaxKind::INDEX_REF;
    let mut indexes = node.children().filter(is_index);
    let first = indexes.next()?;
    // PostgreSQL refuses it, and what is left behind could not be told.
    if let Some(second) = indexes.next() {
        let message = "`DROP INDEX CONCURRENTLY` takes one index";
        return Some(
            Finding::at(place(&second), message).help("drop each in a statement of its own"),
        );
    }
    if has(node, SyntaxKind::IF_EXISTS) {
        return None;
    }
    let message = "`DROP INDEX CONCURRENTLY` fails when it is started again";
    Some(Finding::at(place(&first), message).help("write `IF EXISTS` before the name: after a kill the statement is started again, and the index may be gone already"))
}

fn place(node: &SyntaxNode) -> Span {
    Span::of(node.text_range().into())
}
