//! PostgreSQL refuses to use an enum value in the transaction that adds it (55P04).

use super::file::{File, Part};
use super::parse::Fragment;
use super::problem::Finding;
use squawk_syntax::ast::{self, AstNode};
use squawk_syntax::{SourceFile, SyntaxKind, SyntaxNode};
use std::collections::BTreeSet;

pub(super) fn enum_value(file: &File<'_>) -> Vec<Finding> {
    file.sound_parts().flat_map(used_at_once).collect()
}

fn used_at_once(part: &Part) -> Vec<Finding> {
    let added: BTreeSet<String> = part
        .run_nodes()
        .filter_map(|(_, node)| added_value(&node))
        .collect();
    if added.is_empty() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for fragment in part
        .fragments
        .iter()
        .filter(|fragment| is_evaluated(fragment))
    {
        for literal in fragment.root.descendants().filter_map(ast::Literal::cast) {
            let Some(value) = literal.string_value().filter(|value| added.contains(value)) else {
                continue;
            };
            if is_no_use(literal.syntax()) {
                continue;
            }
            let span = fragment.span(literal.syntax().text_range());
            let message = format!("the enum value '{value}' is added in this file and used in it");
            found.push(Finding::at(span, message).help("use it in a later migration: PostgreSQL allows that only after the one that adds it has committed"));
        }
    }
    found
}

fn added_value(node: &SyntaxNode) -> Option<String> {
    if node.kind() != SyntaxKind::ADD_VALUE {
        return None;
    }
    node.children().find_map(ast::Literal::cast)?.string_value()
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
