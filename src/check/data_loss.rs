//! Rows and columns go only where the file says which.

use super::file::{File, Part};
use super::layout::{Content, Note, NoteKind};
use super::problem::Finding;
use super::words::{child, has_inside, name};
use squawk_syntax::{SyntaxKind, SyntaxNode};
use std::collections::BTreeSet;

pub(super) fn data_loss(file: &File<'_>) -> Vec<Finding> {
    if file.layout.is_misshapen() {
        return Vec::new();
    }
    let tells = |notes: &[Note]| notes.iter().any(|note| note.kind == NoteKind::DataLoss);
    let back = tells(&file.layout.rollback_notes);
    let mut found = Vec::new();
    if file.forward.is_sound() && !back && !tells(&file.layout.notes) {
        found.extend(first_loss(&file.forward, forward_help(file)));
    }
    if let Some(rollback) = file
        .rollback
        .as_ref()
        .filter(|part| part.is_sound() && !back)
    {
        found.extend(first_loss(
            rollback,
            "say which, in the rollback block: `--   -- Data loss: <what is lost>`",
        ));
    }
    found
}

fn forward_help(file: &File<'_>) -> &'static str {
    let has_sql = file
        .layout
        .block
        .as_ref()
        .is_some_and(|block| matches!(block.content, Content::Sql));
    if has_sql {
        "say which: `-- Data loss: <what is lost>` above it, or `--   -- Data loss: <what is lost>` in the rollback block"
    } else {
        "say which: `-- Data loss: <what is lost>` above it"
    }
}

/// One note speaks for a whole direction, so one finding does too.
fn first_loss(part: &Part, help: &str) -> Option<Finding> {
    let temporary = temporary_tables(part);
    let losses = part
        .run()
        .filter_map(|(fragment, node, span)| Some((loss(&node, &temporary)?, fragment, span)));
    let (what, _, span) = losses.min_by_key(|(_, _, span)| *span)?;
    Some(Finding::at(span, format!("{what}, and nothing says which")).help(help))
}

fn temporary_tables(part: &Part) -> BTreeSet<String> {
    let made = part.run().filter(|(_, node, _)| {
        matches!(
            node.kind(),
            SyntaxKind::CREATE_TABLE | SyntaxKind::CREATE_TABLE_AS
        ) && child(node, SyntaxKind::TEMP).is_some()
    });
    made.filter_map(|(_, node, _)| child(&node, SyntaxKind::TABLE_NAME))
        .map(|table| name(&table))
        .collect()
}

/// What a statement destroys. A view, an index or a materialized view can be made anew from what stays.
fn loss(node: &SyntaxNode, temporary: &BTreeSet<String>) -> Option<&'static str> {
    use SyntaxKind as K;
    let cascades = || has_inside(node, K::CASCADE_KW);
    let what = match node.kind() {
        K::DROP_TABLE if !only_temporary(node, temporary) => "`DROP TABLE` destroys rows",
        K::TRUNCATE if !only_temporary(node, temporary) => "`TRUNCATE` destroys rows",
        K::DELETE if !deletes_temporary(node, temporary) => "`DELETE` destroys rows",
        K::MERGE_DELETE => "`MERGE ... DELETE` destroys rows",
        K::ALTER_TABLE if child(node, K::DROP_COLUMN).is_some() => {
            "`DROP COLUMN` destroys a column"
        }
        K::ALTER_TYPE if has_inside(node, K::DROP_ATTRIBUTE) => {
            "`DROP ATTRIBUTE` destroys a part of columns"
        }
        K::DROP_SCHEMA if cascades() => "`DROP SCHEMA ... CASCADE` destroys tables",
        K::DROP_TYPE if cascades() => "`DROP TYPE ... CASCADE` destroys columns",
        K::DROP_DOMAIN if cascades() => "`DROP DOMAIN ... CASCADE` destroys columns",
        K::DROP_EXTENSION if cascades() => "`DROP EXTENSION ... CASCADE` destroys columns",
        K::DROP_OWNED => "`DROP OWNED` destroys tables",
        K::DROP_DATABASE => "`DROP DATABASE` destroys a database",
        _ => return None,
    };
    Some(what)
}

fn only_temporary(node: &SyntaxNode, temporary: &BTreeSet<String>) -> bool {
    let mut tables = node
        .descendants()
        .filter(|node| node.kind() == SyntaxKind::TABLE_NAME_REF)
        .peekable();
    tables.peek().is_some() && tables.all(|table| temporary.contains(&name(&table)))
}

fn deletes_temporary(node: &SyntaxNode, temporary: &BTreeSet<String>) -> bool {
    let table = child(node, SyntaxKind::RELATION_NAME);
    let table = table.and_then(|relation| {
        relation
            .descendants()
            .find(|node| node.kind() == SyntaxKind::RELATION_NAME_REF)
    });
    table.is_some_and(|table| temporary.contains(&name(&table)))
}
