//! The DDL of a migration as one flat text, because squawk looks at top-level statements alone and obeys comments.

use super::super::file::{Part, statement_range};
use super::super::parse::{Fragment, Origin};
use crate::source::Span;
use rowan::{TextRange, TextSize};
use squawk_syntax::ast::{self, AstNode};
use squawk_syntax::{Parse, SourceFile, SyntaxElement, SyntaxKind, SyntaxNode};

/// Statements one below the other, wherever in the file they stand.
pub(super) struct Script<'a> {
    pub(super) text: String,
    pub(super) parse: Parse<SourceFile>,
    pieces: Vec<Piece<'a>>,
}

/// One statement of a script, and where it comes from.
pub(super) struct Piece<'a> {
    /// Where it begins in the script.
    start: TextSize,
    range: TextRange,
    fragment: &'a Fragment,
    /// Its place in the file.
    pub(super) span: Span,
}

impl Piece<'_> {
    /// What was at this place of the script, in the file.
    pub(super) fn span_of(&self, range: TextRange) -> Span {
        let back = |offset: TextSize| {
            let within = offset.checked_sub(self.start).unwrap_or_default();
            (self.range.start() + within).min(self.range.end())
        };
        let range = TextRange::new(back(range.start()), back(range.end()));
        self.fragment.span(range)
    }

    /// Whether a name in it is only a placeholder of `format`, which may stand for anything.
    pub(super) fn is_placeholder(&self, name: &str) -> bool {
        self.fragment.origin == Origin::Dynamic
            && name
                .split('.')
                .any(|part| part.len() > 1 && part.bytes().all(|byte| byte == b'x'))
    }
}

/// The strings of EXECUTE are pieces of text that may spoil what stands below them, so each is a script of its own.
pub(super) fn scripts(part: &Part) -> Vec<Script<'_>> {
    let mut written = Vec::new();
    let mut scripts = Vec::new();
    for (fragment, node, span) in part.run().filter(|(_, node, _)| is_outer_ddl(node)) {
        if fragment.origin == Origin::Dynamic {
            scripts.push(Script::of(vec![(fragment, node, span)]));
        } else {
            written.push((fragment, node, span));
        }
    }
    written.sort_by_key(|(_, _, span)| *span);
    scripts.push(Script::of(written));
    scripts
}

impl<'a> Script<'a> {
    fn of(statements: Vec<(&'a Fragment, SyntaxNode, Span)>) -> Self {
        let mut text = String::new();
        let mut pieces = Vec::new();
        for (fragment, node, span) in statements {
            let Some(range) = statement_range(&node) else {
                continue;
            };
            pieces.push(Piece {
                start: TextSize::of(text.as_str()),
                range,
                fragment,
                span,
            });
            push_without_comments(&mut text, &node, range);
            text.push_str(";\n");
        }
        Self {
            parse: SourceFile::parse(&text),
            text,
            pieces,
        }
    }

    /// The statements, each with the piece that it was.
    pub(super) fn statements(&self) -> impl Iterator<Item = (&Piece<'a>, SyntaxNode)> {
        let root = self.parse.syntax_node();
        let statements: Vec<SyntaxNode> = root.children().filter(is_statement).collect();
        statements.into_iter().filter_map(|statement| {
            let at = statement_range(&statement)?.start();
            let nth = self.pieces.partition_point(|piece| piece.start <= at);
            Some((self.pieces.get(nth.checked_sub(1)?)?, statement))
        })
    }

    /// The node that lies at a place.
    pub(super) fn node_at(&self, range: TextRange) -> Option<SyntaxNode> {
        let root = self.parse.syntax_node();
        if !root.text_range().contains_range(range) {
            return None;
        }
        match root.covering_element(range) {
            SyntaxElement::Node(node) => Some(node),
            SyntaxElement::Token(token) => token.parent(),
        }
    }
}

pub(super) fn is_statement(node: &SyntaxNode) -> bool {
    ast::Stmt::can_cast(node.kind())
}

fn is_outer_ddl(node: &SyntaxNode) -> bool {
    const OTHERS: [SyntaxKind; 6] = [
        SyntaxKind::TRUNCATE,
        SyntaxKind::REINDEX,
        SyntaxKind::VACUUM,
        SyntaxKind::CLUSTER,
        SyntaxKind::REPACK,
        SyntaxKind::SELECT_INTO,
    ];
    let kind = format!("{:?}", node.kind());
    let is_ddl = ["CREATE_", "ALTER_", "DROP_"]
        .iter()
        .any(|verb| kind.starts_with(verb));
    let is_inner = node.ancestors().skip(1).any(|above| is_statement(&above));
    (is_ddl || OTHERS.contains(&node.kind())) && is_statement(node) && !is_inner
}

/// Comments become blanks: `squawk-ignore` in one would be a second kind of allowance that nobody checks.
fn push_without_comments(text: &mut String, node: &SyntaxNode, range: TextRange) {
    let tokens = node
        .descendants_with_tokens()
        .filter_map(SyntaxElement::into_token);
    for token in tokens.filter(|token| range.contains_range(token.text_range())) {
        if token.kind() == SyntaxKind::COMMENT {
            text.extend(std::iter::repeat_n(' ', token.text().len()));
        } else {
            text.push_str(token.text());
        }
    }
}
