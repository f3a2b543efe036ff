//! The part of a statement that squawk points at, and what lies around it.

use super::super::words::{child, has_inside, name};
use super::script::is_statement;
use super::volatile::is_volatile;
use squawk_syntax::{SyntaxKind as K, SyntaxNode};

/// Something seen in a statement.
pub(super) struct Clause {
    /// What is pointed at.
    pub(super) node: SyntaxNode,
    pub(super) statement: SyntaxNode,
    /// The action of an ALTER; else the statement.
    action: SyntaxNode,
}

impl Clause {
    pub(super) fn of(node: SyntaxNode) -> Option<Self> {
        let statement = node.ancestors().find(is_statement)?;
        let action = node
            .ancestors()
            .find(|above| above.parent().as_ref() == Some(&statement));
        let action = action.unwrap_or_else(|| statement.clone());
        Some(Self {
            node,
            statement,
            action,
        })
    }

    pub(super) fn is_added_column(&self) -> bool {
        self.action.kind() == K::ADD_COLUMN
    }

    pub(super) fn is_validation(&self) -> bool {
        self.action.kind() == K::VALIDATE_CONSTRAINT
    }

    pub(super) fn action_has(&self, kind: K) -> bool {
        child(&self.action, kind).is_some()
    }

    pub(super) fn statement_is(&self, kinds: &[K]) -> bool {
        kinds.contains(&self.statement.kind())
    }

    /// Whether the clause itself says GENERATED, for a value or an identity.
    pub(super) fn is_generated(&self) -> bool {
        self.node
            .ancestors()
            .any(|node| node.kind() == K::GENERATED_CONSTRAINT)
    }

    pub(super) fn is_serial(&self) -> bool {
        is_serial(&self.action)
    }

    /// The column that an ALTER COLUMN changes.
    pub(super) fn altered_column(&self) -> Option<String> {
        let column = child(&self.action, K::COLUMN_NAME_REF);
        column
            .filter(|_| self.action.kind() == K::ALTER_COLUMN)
            .map(|column| name(&column))
    }
}

fn added_columns(statement: &SyntaxNode) -> impl Iterator<Item = SyntaxNode> {
    let actions = statement
        .children()
        .filter(|_| statement.kind() == K::ALTER_TABLE);
    actions.filter(|action| action.kind() == K::ADD_COLUMN)
}

pub(super) fn checks_of_added_columns(statement: &SyntaxNode) -> Vec<SyntaxNode> {
    let checks = added_columns(statement).flat_map(|column| {
        let constraints = column.children();
        constraints.filter(|node| node.kind() == K::CHECK_CONSTRAINT)
    });
    checks.collect()
}

/// Defaults of added columns that differ from row to row.
pub(super) fn volatile_defaults(statement: &SyntaxNode) -> Vec<SyntaxNode> {
    let defaults = added_columns(statement).filter_map(|column| {
        let default = child(&column, K::DEFAULT_CONSTRAINT)?;
        default.children().find(is_volatile)
    });
    defaults.collect()
}

/// A REPACK that others wait for. It is of PostgreSQL 19.
pub(super) fn waited_for_repack(statement: &SyntaxNode) -> Vec<SyntaxNode> {
    let is_one = statement.kind() == K::REPACK && !has_inside(statement, K::CONCURRENTLY_KW);
    is_one.then(|| statement.clone()).into_iter().collect()
}

pub(super) fn added_serial_columns(statement: &SyntaxNode) -> Vec<SyntaxNode> {
    added_columns(statement).filter(is_serial).collect()
}

/// `serial` is no type but a default that takes numbers from a sequence.
fn is_serial(column: &SyntaxNode) -> bool {
    const SERIAL: [&str; 6] = [
        "serial",
        "serial2",
        "serial4",
        "serial8",
        "smallserial",
        "bigserial",
    ];
    child(column, K::PATH_TYPE).is_some_and(|kind| SERIAL.contains(&name(&kind).as_str()))
}
