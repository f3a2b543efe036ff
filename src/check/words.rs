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

/// How many letters are to be added, dropped, changed or swapped with their neighbour.
pub(super) fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let changed = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = changed.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}
