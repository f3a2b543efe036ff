//! Rules about what a migration does to the connection it runs on.

use super::file::File;
use super::problem::Finding;
use super::words::{child, has, has_inside, name};
use crate::source::Span;
use squawk_syntax::ast::{self, AstNode};
use squawk_syntax::{SyntaxKind, SyntaxNode};

pub(super) fn search_path(file: &File<'_>) -> Vec<Finding> {
    let help = "delete it and write the schema before the name: search_path is pinned while a migration runs";
    let mut found = Vec::new();
    for part in file.sound_parts() {
        for (_, node, span) in part.run().filter(|(_, node, _)| sets_search_path(node)) {
            found.push(
                Finding::at(span, format!("`{}` changes search_path", said(&node))).help(help),
            );
        }
        for (fragment, node) in part
            .run_nodes()
            .filter(|(_, node)| names_search_path_to_set_config(node))
        {
            let span = fragment.span(node.text_range());
            found.push(Finding::at(span, "`set_config` changes search_path").help(help));
        }
    }
    found
}

fn said(node: &SyntaxNode) -> &'static str {
    match node.kind() {
        SyntaxKind::DISCARD => "DISCARD ALL",
        SyntaxKind::RESET if has(node, SyntaxKind::ALL) => "RESET ALL",
        SyntaxKind::RESET => "RESET",
        _ => "SET",
    }
}

pub(super) fn sets_search_path(node: &SyntaxNode) -> bool {
    match node.kind() {
        SyntaxKind::DISCARD => has(node, SyntaxKind::DISCARD_ALL),
        SyntaxKind::RESET => has(node, SyntaxKind::ALL) || names_search_path(node),
        SyntaxKind::SET if has_inside(node, SyntaxKind::SET_SCHEMA_VALUE) => true,
        SyntaxKind::SET => {
            child(node, SyntaxKind::SET_CONFIG).is_some_and(|config| names_search_path(&config))
        }
        _ => false,
    }
}

fn names_search_path(node: &SyntaxNode) -> bool {
    child(node, SyntaxKind::CONFIG_PARAMETER_REF)
        .is_some_and(|parameter| name(&parameter) == "search_path")
}

/// The function that a call names, without the schema of the system.
pub(super) fn called(node: &SyntaxNode) -> Option<String> {
    let call = ast::CallExpr::cast(node.clone())?;
    let function = name(&call.syntax().first_child()?);
    let bare = function.strip_prefix("pg_catalog.").map(str::to_owned);
    Some(bare.unwrap_or(function))
}

/// The setting that a call of `set_config` names, in small letters; empty where it is not written out.
pub(super) fn setting_of_set_config(node: &SyntaxNode) -> String {
    let first = child(node, SyntaxKind::ARG_LIST)
        .and_then(|list| list.descendants().find_map(ast::Literal::cast));
    let setting = first.and_then(|literal| literal.string_value());
    setting.unwrap_or_default().to_lowercase()
}

pub(super) fn names_search_path_to_set_config(node: &SyntaxNode) -> bool {
    called(node).is_some_and(|function| function == "set_config")
        && setting_of_set_config(node) == "search_path"
}

pub(super) fn copy_stream(file: &File<'_>) -> Vec<Finding> {
    let runs = file.sound_parts().flat_map(super::file::Part::run);
    let finding = |(_, node, span): (_, SyntaxNode, Span)| {
        let (stream, help) = if has_inside(&node, SyntaxKind::COPY_STDIN) {
            ("FROM STDIN", "write the rows as INSERT")
        } else if has_inside(&node, SyntaxKind::COPY_STDOUT) {
            (
                "TO STDOUT",
                "delete it: nobody reads what a migration prints",
            )
        } else {
            return None;
        };
        Some(
            Finding::at(
                span,
                format!("`COPY ... {stream}` breaks the connection of a migration"),
            )
            .help(help),
        )
    };
    let copies = runs.filter(|(_, node, _)| node.kind() == SyntaxKind::COPY);
    copies.filter_map(finding).collect()
}
