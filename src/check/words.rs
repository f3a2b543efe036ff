//! Small questions to the syntax tree, put in one place.

use squawk_syntax::{SyntaxKind, SyntaxNode, SyntaxToken};

/// The tokens of a node, without white space and comments.
pub(super) fn tokens(node: &SyntaxNode) -> impl Iterator<Item = SyntaxToken> {
    let tokens = node
        .descendants_with_tokens()
        .filter_map(squawk_syntax::SyntaxElement::into_token);
    tokens.filter(|token| !token.kind().is_trivia())
}

/// Whether the node has this word or part as a direct child.
pub(super) fn has(node: &SyntaxNode, kind: SyntaxKind) -> bool {
    node.children_with_tokens()
        .any(|child| child.kind() == kind)
}

/// Whether the node has this word or part anywhere inside.
pub(super) fn has_inside(node: &SyntaxNode, kind: SyntaxKind) -> bool {
    node.descendants_with_tokens()
        .any(|child| child.kind() == kind)
}

/// The direct child of this kind.
pub(super) fn child(node: &SyntaxNode, kind: SyntaxKind) -> Option<SyntaxNode> {
    node.children().find(|child| child.kind() == kind)
}

/// A name as PostgreSQL reads it: case folded unless quoted, `public.` left out.
pub(super) fn name(node: &SyntaxNode) -> String {
    let mut name = String::new();
    for token in tokens(node) {
        match token
            .text()
            .strip_prefix('"')
            .and_then(|text| text.strip_suffix('"'))
        {
            Some(quoted) => name.push_str(&quoted.replace("\"\"", "\"")),
            None => name.push_str(&token.text().to_lowercase()),
        }
    }
    match name.strip_prefix("public.") {
        Some(local) => local.to_owned(),
        None => name,
    }
}

/// The first words of a statement as they stand in the file, for a message: `CREATE INDEX CONCURRENTLY`.
pub(super) fn head(node: &SyntaxNode) -> String {
    let is_word = |token: &SyntaxToken| {
        token.kind() != SyntaxKind::IDENT && token.text().bytes().all(|b| b.is_ascii_alphabetic())
    };
    let words = tokens(node).take_while(is_word).take(3);
    words
        .map(|token| token.text().to_uppercase())
        .collect::<Vec<_>>()
        .join(" ")
}
