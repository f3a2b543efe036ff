//! The SQL in an EXECUTE of PL/pgSQL, as far as it is written out.
//!
//! What is put together of strings and names is put together here too: a name that only the server will know becomes a
//! placeholder.

use rowan::{TextRange, TextSize};
use squawk_syntax::ast::{self, AstNode};
use squawk_syntax::{SyntaxKind, SyntaxNode};

/// Stands for what is not written out.
const PLACEHOLDER: &str = "xx";

/// The text, and where its parts come from.
pub(super) struct Dynamic {
    pub(super) text: String,
    parts: Vec<Part>,
}

struct Part {
    /// Where it begins in the text.
    start: TextSize,
    source: Box<dyn Fn(TextRange) -> TextRange>,
}

impl Dynamic {
    /// From the statement around it; `None` where no string is written out at all.
    pub(super) fn of(statement: &SyntaxNode) -> Option<Self> {
        let first = statement.descendants().find_map(ast::Literal::cast)?;
        let mut dynamic = Self {
            text: String::new(),
            parts: Vec::new(),
        };
        match concatenation(first.syntax(), statement) {
            Some(whole) => dynamic.push(&whole),
            None => dynamic.push_literal(&first)?,
        }
        Some(dynamic)
    }

    /// Where a part of the text stands in the tree that the statement is of.
    pub(super) fn source_range(&self, range: TextRange) -> TextRange {
        let source = |range: TextRange, at: TextSize| {
            let nth = self.parts.partition_point(|part| part.start <= at);
            let part = &self.parts[nth.saturating_sub(1)];
            let within = |offset: TextSize| offset.checked_sub(part.start).unwrap_or_default();
            (part.source)(TextRange::new(within(range.start()), within(range.end())))
        };
        let start = source(TextRange::empty(range.start()), range.start());
        let last = range.end().checked_sub(1.into()).unwrap_or_default();
        let end = source(TextRange::new(last, range.end()), last);
        start.cover(end)
    }

    fn push(&mut self, operand: &SyntaxNode) {
        if let Some((left, right)) = operands(operand) {
            self.push(&left);
            self.push(&right);
            return;
        }
        let inner = operand.children().next();
        if let (SyntaxKind::PAREN_EXPR, Some(inner)) = (operand.kind(), inner) {
            self.push(&inner);
            return;
        }
        let is_written = ast::Literal::can_cast(operand.kind()) || calls(operand, "format");
        let literal = operand.descendants().find_map(ast::Literal::cast);
        let written = literal.filter(|_| is_written);
        if written
            .and_then(|literal| self.push_literal(&literal))
            .is_none()
        {
            let range = operand.text_range();
            self.push_part(PLACEHOLDER, move |_| range);
        }
    }

    fn push_literal(&mut self, literal: &ast::Literal) -> Option<()> {
        let decoded = literal.decoded_value()?;
        let filled = fill_placeholders(decoded.text());
        self.push_part(&filled, move |range| decoded.source_range(range));
        Some(())
    }

    fn push_part(&mut self, text: &str, source: impl Fn(TextRange) -> TextRange + 'static) {
        self.parts.push(Part {
            start: TextSize::of(self.text.as_str()),
            source: Box::new(source),
        });
        self.text.push_str(text);
    }
}

/// The outermost `a || b` that the first string belongs to.
fn concatenation(first: &SyntaxNode, statement: &SyntaxNode) -> Option<SyntaxNode> {
    let above = first
        .ancestors()
        .skip(1)
        .take_while(|node| node != statement);
    let path = above.take_while(|node| {
        operands(node).is_some()
            || calls(node, "format")
            || matches!(
                node.kind(),
                SyntaxKind::PAREN_EXPR | SyntaxKind::ARG_LIST | SyntaxKind::ARG
            )
    });
    path.filter(|node| operands(node).is_some()).last()
}

fn operands(node: &SyntaxNode) -> Option<(SyntaxNode, SyntaxNode)> {
    let concatenation = ast::BinExpr::cast(node.clone())?;
    let (left, right) = (concatenation.lhs()?, concatenation.rhs()?);
    let (left, right) = (left.syntax().clone(), right.syntax().clone());
    let between = TextRange::new(left.text_range().end(), right.text_range().start());
    let sign = node
        .descendants_with_tokens()
        .filter_map(squawk_syntax::SyntaxElement::into_token)
        .filter(|token| between.contains_range(token.text_range()) && !token.kind().is_trivia());
    let sign: String = sign.map(|token| token.text().to_owned()).collect();
    (sign == "||").then_some((left, right))
}

fn calls(node: &SyntaxNode, function: &str) -> bool {
    let called = node
        .first_child()
        .map(|function| super::words::name(&function));
    node.kind() == SyntaxKind::CALL_EXPR && called.is_some_and(|called| called == function)
}

/// The placeholders of `format` become names and literals of the same length, so that offsets stay.
fn fill_placeholders(template: &str) -> String {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(at) = rest.find('%') {
        filled.push_str(&rest[..at]);
        rest = &rest[at..];
        let options = rest[1..]
            .bytes()
            .take_while(|byte| matches!(byte, b'0'..=b'9' | b'$' | b'-' | b'*'))
            .count();
        let length = options + 2;
        match rest.as_bytes().get(length - 1) {
            Some(b'I' | b's') => filled.extend(std::iter::repeat_n('x', length)),
            Some(b'L') => {
                filled.push('\'');
                filled.extend(std::iter::repeat_n('x', length - 2));
                filled.push('\'');
            }
            _ => {
                filled.push('%');
                rest = &rest[1..];
                continue;
            }
        }
        rest = &rest[length..];
    }
    filled + rest
}
