//! A migration file, taken apart once for all rules.

use super::layout::{Layout, Note};
use super::parse::{Fragment, Origin, parse};
use super::unsafe_ddl::{self, Found};
use super::words::tokens;
use crate::source::Span;
use rowan::TextRange;
use squawk_syntax::ast::{self, AstNode};
use squawk_syntax::{SyntaxKind, SyntaxNode};
use std::cell::OnceCell;

/// The file as the rules see it.
pub(super) struct File<'a> {
    pub(super) text: &'a str,
    pub(super) layout: Layout,
    pub(super) forward: Part,
    /// The SQL of the rollback block, if it has some.
    pub(super) rollback: Option<Part>,
    unsafe_ddl: OnceCell<Vec<Found>>,
}

/// SQL of one direction: its trees and its statements.
pub(super) struct Part {
    pub(super) fragments: Vec<Fragment>,
    /// Each from its first token to before its semicolon.
    pub(super) statements: Vec<(SyntaxNode, Span)>,
}

impl<'a> File<'a> {
    pub(super) fn parse(text: &'a str) -> Self {
        let forward = Part::parse(text);
        let layout = Layout::of(text, &forward.fragments[0].root);
        let rollback = layout.rollback_sql(text).map(|sql| Part::parse(&sql));
        Self {
            text,
            layout,
            forward,
            rollback,
            unsafe_ddl: OnceCell::new(),
        }
    }

    /// The unsafe DDL of the forward part, looked for once for all rules.
    pub(super) fn unsafe_ddl(&self) -> &[Found] {
        self.unsafe_ddl.get_or_init(|| unsafe_ddl::find(self))
    }

    /// Both directions, as far as they could be parsed: what the parser made of a broken one says nothing.
    pub(super) fn sound_parts(&self) -> impl Iterator<Item = &Part> {
        std::iter::once(&self.forward)
            .chain(&self.rollback)
            .filter(|part| part.is_sound())
    }

    /// The notes of the forward part and those of the rollback block.
    pub(super) fn notes(&self) -> impl Iterator<Item = &Note> {
        self.layout.notes.iter().chain(&self.layout.rollback_notes)
    }
}

impl Part {
    fn parse(text: &str) -> Self {
        let fragments = parse(text);
        let nodes = fragments[0]
            .root
            .children()
            .filter(|node| ast::Stmt::can_cast(node.kind()));
        let statements = nodes
            .filter_map(|node| Some((node.clone(), statement_span(&node)?)))
            .collect();
        Self {
            fragments,
            statements,
        }
    }

    /// Whether the parser had nothing to say.
    pub(super) fn is_sound(&self) -> bool {
        self.fragments
            .iter()
            .all(|fragment| fragment.errors.is_empty())
    }

    /// Every statement that the migration runs, wherever it is written: at top level, in a DO block, in the string of an
    /// EXECUTE, in a WITH clause; with its whole place in the file.
    pub(super) fn run(&self) -> impl Iterator<Item = (&Fragment, SyntaxNode, Span)> {
        let fragments = self.fragments.iter().filter(|fragment| fragment.runs);
        fragments.flat_map(|fragment| {
            let nodes = fragment.root.descendants().filter(is_run_statement);
            nodes.filter_map(move |node| {
                let range = statement_range(&node)?;
                Some((fragment, node, fragment.span(range)))
            })
        })
    }

    /// Every node of the code that the migration runs.
    pub(super) fn run_nodes(&self) -> impl Iterator<Item = (&Fragment, SyntaxNode)> {
        let fragments = self.fragments.iter().filter(|fragment| fragment.runs);
        fragments.flat_map(|fragment| {
            let nodes = fragment
                .root
                .descendants()
                .filter(|node| !is_kept_for_later(node));
            nodes.map(move |node| (fragment, node))
        })
    }

    /// Where the statement stands in a DO block or an EXECUTE rather than in the file itself.
    pub(super) fn is_nested(fragment: &Fragment) -> bool {
        fragment.origin != Origin::File
    }
}

fn is_run_statement(node: &SyntaxNode) -> bool {
    let is_statement = ast::Stmt::can_cast(node.kind()) || node.kind() == SyntaxKind::MERGE_DELETE;
    is_statement && !is_kept_for_later(node)
}

/// Inside `BEGIN ATOMIC ... END` and the actions of a rule stands code that this migration does not run.
fn is_kept_for_later(node: &SyntaxNode) -> bool {
    let later = |kind| {
        matches!(
            kind,
            SyntaxKind::CREATE_FUNCTION | SyntaxKind::CREATE_PROCEDURE | SyntaxKind::CREATE_RULE
        )
    };
    node.ancestors()
        .skip(1)
        .any(|ancestor| later(ancestor.kind()))
}

fn statement_span(node: &SyntaxNode) -> Option<Span> {
    statement_range(node).map(|range| Span::of(range.into()))
}

/// From the first token to the last one, the semicolon left out.
pub(super) fn statement_range(node: &SyntaxNode) -> Option<TextRange> {
    let mut tokens = tokens(node).filter(|token| {
        token.kind() != SyntaxKind::SEMICOLON || token.parent().as_ref() != Some(node)
    });
    let first = tokens.next()?.text_range();
    let last = tokens.last().map_or(first, |token| token.text_range());
    Some(first.cover(last))
}
