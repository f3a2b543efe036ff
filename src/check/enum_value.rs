//! PostgreSQL refuses to use an enum value in the transaction that adds it (55P04).
//!
//! A string that reads like the new label is a use, unless its place has a type that the file itself tells. What the types
//! of other columns are is in the database, so a file may say that it is none; the proof finds out.

use super::allow;
use super::deed;
use super::file::{File, Part};
use super::parse::Fragment;
use super::problem::Finding;
use super::words::{child, name};
use squawk_syntax::ast::{self, AstNode};
use squawk_syntax::{SourceFile, SyntaxKind, SyntaxNode};
use std::collections::{BTreeMap, BTreeSet};

/// The name of the rule.
pub(super) const ENUM_VALUE: &str = "enum-value";

const HELP: &str = "use it in a later migration: PostgreSQL allows that only after the one that adds it has committed; where it is no value of that type, say so: `-- allow: enum-value: <reason>`";

pub(super) fn enum_value(file: &File<'_>) -> Vec<Finding> {
    if allow::allows(file, ENUM_VALUE) {
        return Vec::new();
    }
    uses(file)
}

/// All that the rule finds, whatever the file allows.
pub(super) fn uses(file: &File<'_>) -> Vec<Finding> {
    file.sound_parts().flat_map(used_at_once).collect()
}

/// The types of the columns that the file itself makes, by table and column.
type Columns = BTreeMap<(String, String), String>;

fn used_at_once(part: &Part) -> Vec<Finding> {
    let mut added: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (label, of) in part.run_nodes().filter_map(|(_, node)| added_value(&node)) {
        added.entry(label).or_default().insert(of);
    }
    if added.is_empty() {
        return Vec::new();
    }
    let columns: Columns = part
        .run_nodes()
        .filter_map(|(_, node)| made_column(&node))
        .collect();
    let mut found = Vec::new();
    for fragment in part
        .fragments
        .iter()
        .filter(|fragment| is_evaluated(fragment))
    {
        for literal in fragment.root.descendants().filter_map(ast::Literal::cast) {
            let value = literal.string_value();
            let Some((value, types)) = value.and_then(|value| added.get_key_value(&value)) else {
                continue;
            };
            if is_no_use(literal.syntax()) || is_of_another_type(literal.syntax(), types, &columns)
            {
                continue;
            }
            let span = fragment.span(literal.syntax().text_range());
            let message = format!("the enum value '{value}' is added in this file and used in it");
            found.push(Finding::at(span, message).help(HELP));
        }
    }
    found
}

/// The label, and the type that it is added to.
fn added_value(node: &SyntaxNode) -> Option<(String, String)> {
    if node.kind() != SyntaxKind::ADD_VALUE {
        return None;
    }
    let label = node
        .children()
        .find_map(ast::Literal::cast)?
        .string_value()?;
    let statement = node.ancestors().find_map(|node| deed::subject(&node));
    Some((
        label,
        statement.map_or_else(String::new, |altered| altered.name),
    ))
}

/// A column in CREATE TABLE or ADD COLUMN: its table, its name, its type.
fn made_column(node: &SyntaxNode) -> Option<((String, String), String)> {
    use SyntaxKind as K;
    if !matches!(node.kind(), K::COLUMN | K::ADD_COLUMN) {
        return None;
    }
    let column = name(&child(node, K::COLUMN_NAME)?);
    let table = node.ancestors().find_map(|node| match node.kind() {
        K::CREATE_TABLE => child(&node, K::TABLE_NAME).map(|table| name(&table)),
        K::ALTER_TABLE => deed::subject(&node).map(|table| table.name),
        _ => None,
    });
    Some(((table?, column), type_in(node)?))
}

/// The type that is written in a node, without the brackets of an array.
fn type_in(node: &SyntaxNode) -> Option<String> {
    let written = node
        .children()
        .find(|node| ast::Type::can_cast(node.kind()))?;
    Some(name(&written).replace("[]", ""))
}

/// Whether the place of the literal has a type that is known, and that is not the one with the new label.
fn is_of_another_type(literal: &SyntaxNode, types: &BTreeSet<String>, columns: &Columns) -> bool {
    let of = types_of_place(literal, columns);
    !of.is_empty() && of.iter().all(|of| !types.contains(of))
}

/// The types that the literal may be of; none where nothing tells.
fn types_of_place(literal: &SyntaxNode, columns: &Columns) -> Vec<String> {
    use SyntaxKind as K;
    let is_around = |node: &SyntaxNode| {
        matches!(
            node.kind(),
            K::PAREN_EXPR | K::TUPLE_EXPR | K::SET_EXPR | K::DEFAULT_CONSTRAINT
        )
    };
    let mut around = literal.ancestors().skip(1);
    let Some(place) = around.find(|node| !is_around(node)) else {
        return Vec::new();
    };
    match place.kind() {
        K::CAST_EXPR | K::COLUMN | K::ADD_COLUMN => type_in(&place).into_iter().collect(),
        K::SET_SINGLE_COLUMN => type_of_target(&place, columns).into_iter().collect(),
        K::BIN_EXPR => types_of_operands(&place, columns),
        _ => Vec::new(),
    }
}

/// Of `SET column = 'label'`.
fn type_of_target(assignment: &SyntaxNode, columns: &Columns) -> Option<String> {
    let column = name(&child(assignment, SyntaxKind::COLUMN_TARGET)?);
    let mut statements = assignment.ancestors();
    let update = statements.find(|node| node.kind() == SyntaxKind::UPDATE)?;
    let table = name(&child(&update, SyntaxKind::RELATION_NAME)?);
    columns.get(&(table, column)).cloned()
}

/// Of the column that the literal is compared with, in whatever table of this file.
fn types_of_operands(comparison: &SyntaxNode, columns: &Columns) -> Vec<String> {
    let operands = comparison.children().filter(|operand| {
        matches!(
            operand.kind(),
            SyntaxKind::NAME_REF | SyntaxKind::FIELD_EXPR
        )
    });
    let names: Vec<String> = operands
        .map(|operand| {
            name(&operand)
                .rsplit('.')
                .next()
                .unwrap_or_default()
                .to_owned()
        })
        .collect();
    let same = columns
        .iter()
        .filter(|((_, column), _)| names.contains(column));
    same.map(|(_, of)| of.clone()).collect()
}

/// The server looks at the literals of what runs, and of a SQL body when its function is created; a PL/pgSQL body is only
/// a string to it until the function is called.
fn is_evaluated(fragment: &Fragment) -> bool {
    fragment.runs || SourceFile::can_cast(fragment.root.kind())
}

/// The label as mere text: where it is added, in a comment, or looked up in the catalogue.
fn is_no_use(literal: &SyntaxNode) -> bool {
    literal.ancestors().any(|node| match node.kind() {
        SyntaxKind::ADD_VALUE | SyntaxKind::COMMENT_ON => true,
        SyntaxKind::BIN_EXPR => node.text().to_string().to_lowercase().contains("enumlabel"),
        _ => false,
    })
}
