//! Whether the default of a new column differs from row to row, so that the table is rewritten.

use super::super::words::name;
use squawk_linter::{Linter, Rule};
use squawk_syntax::{SourceFile, SyntaxKind, SyntaxNode};

/// Without a call nothing in an expression could differ. With one, squawk knows the function.
pub(super) fn is_volatile(expression: &SyntaxNode) -> bool {
    let calls = expression
        .descendants()
        .filter(|node| node.kind() == SyntaxKind::CALL_EXPR);
    calls.into_iter().any(|call| {
        let function = call.first_child().map(|function| name(&function));
        !function.is_some_and(|function| is_known(&function))
    })
}

/// Whether squawk lists it among the functions of PostgreSQL that are stable or immutable.
fn is_known(function: &str) -> bool {
    let function = function.strip_prefix("pg_catalog.").unwrap_or(function);
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if !function.bytes().all(is_plain) {
        return false;
    }
    let question = format!("ALTER TABLE t ADD COLUMN c text DEFAULT {function}();");
    let mut linter = Linter::from([Rule::AddingFieldWithDefault]);
    linter
        .lint(&SourceFile::parse(&question), &question)
        .is_empty()
}
