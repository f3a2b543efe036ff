//! What the file has made so far: nobody uses it yet, so whatever is done to it is safe.

use super::super::deed::{Deed, Object, part, steps, subject};
use super::super::words::{child, name};
use super::clause::Clause;
use super::hazards::Hazard;
use super::script::Piece;
use crate::source::Span;
use squawk_syntax::{SyntaxKind as K, SyntaxNode};
use std::collections::HashSet;

/// Names of objects.
#[derive(Default)]
pub(super) struct Made {
    now: HashSet<Object>,
    /// What is made anywhere in the file, also below the statement at hand.
    ever: HashSet<Object>,
}

impl Made {
    /// Nothing so far; what the statements will make at all is known.
    pub(super) fn before<'a>(
        statements: impl Iterator<Item = (&'a Piece<'a>, &'a SyntaxNode)>,
    ) -> Self {
        let mut made = Self::default();
        for (piece, statement) in statements {
            made.foresee(piece, statement);
        }
        made
    }

    fn foresee(&mut self, piece: &Piece<'_>, statement: &SyntaxNode) {
        let made = steps(statement, 0).into_iter().filter_map(|step| {
            let Deed::Make(object) = step.deed else {
                return None;
            };
            Some(object)
        });
        let known = made.filter(|object| !piece.is_placeholder(&object.name));
        self.ever.extend(known);
        self.ever.extend(new_defaults(statement));
    }

    /// Carries the statement out.
    pub(super) fn play(&mut self, piece: &Piece<'_>, statement: &SyntaxNode) {
        for step in steps(statement, 0) {
            match step.deed {
                Deed::Make(object) => {
                    if !piece.is_placeholder(&object.name) {
                        self.now.insert(object);
                    }
                }
                Deed::Drop(object) => {
                    self.now.remove(&object);
                }
                Deed::Rename(from, to) => {
                    if self.now.remove(&from) {
                        self.now.insert(to);
                    }
                }
            }
        }
        // A constraint validated here is one that helped to set NOT NULL, if it goes again.
        self.now.extend(validated(statement));
    }

    /// Whether what the clause does is done to what the file has made, or is made good by the file.
    pub(super) fn excuses(&self, hazard: &Hazard, clause: &Clause) -> bool {
        let subject = subject(&clause.statement);
        if subject
            .as_ref()
            .is_some_and(|subject| self.now.contains(subject))
        {
            return true;
        }
        let table = subject.map(|subject| subject.name).unwrap_or_default();
        let column = clause
            .altered_column()
            .map(|column| part("column", &table, column));
        match hazard.name {
            "drop-not-null" | "identity" => column.is_some_and(|column| self.now.contains(&column)),
            "drop-default" => {
                let default = column.map(|column| part("default", &table, column.name));
                default.is_some_and(|default| self.ever.contains(&default))
            }
            "drop-object" | "drop-constraint" => all_of(clause, |object| {
                self.now.contains(object) || self.ever.contains(object)
            }),
            "drop-table" | "drop-column" | "drop-index" | "rename" => {
                all_of(clause, |object| self.now.contains(object))
            }
            _ => false,
        }
    }
}

/// Whether this holds for all that the clause drops or renames.
fn all_of(clause: &Clause, holds: impl Fn(&Object) -> bool) -> bool {
    let place = Span::of(clause.node.text_range().into());
    let inside = |span: Span| place.start < span.end && span.start < place.end;
    let mut objects = steps(&clause.statement, 0)
        .into_iter()
        .filter(|step| inside(step.span))
        .filter_map(|step| match step.deed {
            Deed::Drop(object) | Deed::Rename(object, _) => Some(object),
            Deed::Make(_) => None,
        })
        .peekable();
    objects.peek().is_some() && objects.all(|object| holds(&object))
}

/// The columns that the statement gives a default.
fn new_defaults(statement: &SyntaxNode) -> Vec<Object> {
    named_parts(statement, K::ALTER_COLUMN, K::COLUMN_NAME_REF, |action| {
        child(action, K::SET_DEFAULT).map(|_| "default")
    })
}

fn validated(statement: &SyntaxNode) -> Vec<Object> {
    named_parts(
        statement,
        K::VALIDATE_CONSTRAINT,
        K::CONSTRAINT_NAME_REF,
        |_| Some("constraint"),
    )
}

/// The parts that actions of this kind name.
fn named_parts(
    statement: &SyntaxNode,
    action: K,
    named: K,
    kind: impl Fn(&SyntaxNode) -> Option<&'static str>,
) -> Vec<Object> {
    let Some(table) = subject(statement) else {
        return Vec::new();
    };
    let actions = statement.children().filter(|node| node.kind() == action);
    let object = |action: SyntaxNode| {
        let name = name(&child(&action, named)?);
        Some(part(kind(&action)?, &table.name, name))
    };
    actions.filter_map(object).collect()
}
