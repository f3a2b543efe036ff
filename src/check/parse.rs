//! From a text to syntax trees: its own, and those of the code inside its strings.
//!
//! Every tree knows how its offsets lie in the file. It judges nothing; what the parser complained about is kept beside
//! the tree it belongs to.

use super::dynamic::Dynamic;
use super::words::tokens;
use crate::source::Span;
use rowan::{TextRange, TextSize};
use squawk_syntax::ast::{self, AstNode};
use squawk_syntax::body::{Body, BodyLanguage};
use squawk_syntax::plpgsql::Plpgsql;
use squawk_syntax::quote::is_reserved_word;
use squawk_syntax::syntax_error::SyntaxError;
use squawk_syntax::{SourceFile, SyntaxKind, SyntaxNode, SyntaxToken};
use std::rc::Rc;

/// What a tree was parsed from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Origin {
    /// The file itself.
    File,
    /// The body of a function, a procedure or a DO block.
    Body,
    /// The string of a PL/pgSQL `EXECUTE`, as far as it is written out. It may be a piece of a statement, so what the
    /// parser says about it counts for nothing.
    Dynamic,
}

/// One syntax tree and its place in the file.
pub(super) struct Fragment {
    pub(super) origin: Origin,
    /// Whether the migration runs this code. It does not run the body of a function that it only creates.
    pub(super) runs: bool,
    pub(super) root: SyntaxNode,
    /// What the parser says, by place in the file.
    pub(super) errors: Vec<(Span, String)>,
    place: Place,
}

impl Fragment {
    /// Where a part of this tree stands in the file.
    pub(super) fn span(&self, range: TextRange) -> Span {
        self.place.span(range)
    }
}

/// How the offsets of a tree become offsets of the file, one string literal after the other.
#[derive(Clone)]
enum Place {
    Same,
    Within(Rc<Place>, Rc<dyn Fn(TextRange) -> TextRange>),
}

impl Place {
    fn within(&self, map: impl Fn(TextRange) -> TextRange + 'static) -> Self {
        Self::Within(Rc::new(self.clone()), Rc::new(map))
    }

    fn span(&self, range: TextRange) -> Span {
        match self {
            Self::Same => Span::of(range.into()),
            Self::Within(outer, map) => outer.span(map(range)),
        }
    }

    fn errors(&self, errors: Vec<SyntaxError>) -> Vec<(Span, String)> {
        let located = errors
            .into_iter()
            .map(|error| (self.span(error.range()), error.message().to_owned()));
        located.collect()
    }
}

/// The tree of the text, which comes first, and the trees of all code in its strings.
pub(super) fn parse(text: &str) -> Vec<Fragment> {
    let parse = SourceFile::parse(text);
    let mut errors = parse.errors();
    // The parser repeats here what it says about SQL bodies, which are fragments of their own.
    let inside = parse.tree().sql_body_errors();
    errors.retain(|error| !inside.contains(error));
    let file = Fragment {
        origin: Origin::File,
        runs: true,
        root: parse.syntax_node(),
        errors: Place::Same.errors(errors),
        place: Place::Same,
    };
    let mut fragments = Vec::new();
    collect(file, &mut fragments);
    fragments
}

fn collect(fragment: Fragment, into: &mut Vec<Fragment>) {
    let nodes: Vec<SyntaxNode> = fragment.root.descendants().collect();
    let (runs, place) = (fragment.runs, fragment.place.clone());
    into.push(fragment);
    for node in nodes {
        if let Some(inner) = inner_code(&node, runs, &place) {
            collect(inner, into);
        }
    }
}

fn inner_code(node: &SyntaxNode, runs: bool, place: &Place) -> Option<Fragment> {
    match node.kind() {
        SyntaxKind::DO => {
            let body = ast::Do::cast(node.clone())?.plpgsql()?;
            Some(plpgsql(body, runs, place))
        }
        SyntaxKind::CREATE_FUNCTION => {
            let function = ast::CreateFunction::cast(node.clone())?;
            let body = function.plpgsql().map(|body| plpgsql(body, false, place));
            body.or_else(|| function.sql_body().map(|body| sql(body, place)))
        }
        SyntaxKind::CREATE_PROCEDURE => {
            let procedure = ast::CreateProcedure::cast(node.clone())?;
            let body = procedure.plpgsql().map(|body| plpgsql(body, false, place));
            body.or_else(|| procedure.sql_body().map(|body| sql(body, place)))
        }
        SyntaxKind::PLPGSQL_DYN_EXECUTE_STMT
        | SyntaxKind::PLPGSQL_FOR_DYN_STMT
        | SyntaxKind::PLPGSQL_RETURN_QUERY_EXECUTE_STMT
        | SyntaxKind::PLPGSQL_OPEN_EXECUTE => dynamic(node, runs, place),
        _ => None,
    }
}

fn sql(body: Body<SourceFile>, place: &Place) -> Fragment {
    Fragment {
        origin: Origin::Body,
        runs: false,
        root: body.syntax(),
        errors: place.errors(body.errors()),
        place: within_body(body, place),
    }
}

fn within_body<T: BodyLanguage + 'static>(body: Body<T>, place: &Place) -> Place {
    place.within(move |range| body.source_range(range))
}

/// A body in PL/pgSQL. The parser knows no `SELECT ... INTO variable`. PostgreSQL itself takes the INTO clause out before it
/// parses the statement, and so do we: what is left must parse.
fn plpgsql(body: Plpgsql, runs: bool, place: &Place) -> Fragment {
    let errors = body.errors();
    let fragment = |root, errors, place| Fragment {
        origin: Origin::Body,
        runs,
        root,
        errors,
        place,
    };
    if errors.is_empty() {
        return fragment(body.syntax(), Vec::new(), within_body(body, place));
    }
    let blanked = blank_into(&body.syntax(), body.text());
    let Some((root, local)) = parse_plpgsql(&blanked.text) else {
        return fragment(
            body.syntax(),
            place.errors(errors),
            within_body(body, place),
        );
    };
    let inner = within_body(body, place);
    let errors = blanked.errors.into_iter().chain(local);
    let errors = errors
        .map(|(range, message)| (inner.span(range), message))
        .collect();
    fragment(root, errors, inner)
}

/// The only door to the parser of PL/pgSQL is a DO block around the text.
fn parse_plpgsql(text: &str) -> Option<(SyntaxNode, Vec<(TextRange, String)>)> {
    let mut tag = "$body$".to_owned();
    while text.contains(&tag) {
        tag.insert(1, 'b');
    }
    let opening = format!("DO {tag}");
    let wrapped = SourceFile::parse(&format!("{opening}{text}{tag}"));
    let block = wrapped.syntax_node().children().find_map(ast::Do::cast)?;
    let body = block.plpgsql()?;
    let shift = TextSize::of(opening.as_str());
    let local = |error: SyntaxError| (error.range() - shift, error.message().to_owned());
    Some((
        body.syntax(),
        body.errors().into_iter().map(local).collect(),
    ))
}

struct Blanked {
    text: String,
    errors: Vec<(TextRange, String)>,
}

/// Replaces the INTO clause of each statement that the parser gave up on by spaces.
fn blank_into(root: &SyntaxNode, text: &str) -> Blanked {
    let mut bytes = text.as_bytes().to_vec();
    let mut errors = Vec::new();
    let given_up = root
        .descendants()
        .filter(|node| node.kind() == SyntaxKind::ERROR);
    for statement in given_up.filter(|node| {
        node.parent()
            .is_some_and(|p| p.kind() == SyntaxKind::PLPGSQL_BODY)
    }) {
        let tokens: Vec<SyntaxToken> = tokens(&statement).collect();
        let Some(clause) = into_clause(&tokens) else {
            continue;
        };
        if clause.len() == 1 {
            errors.push((
                clause[0].text_range(),
                "expected a variable after `INTO`".to_owned(),
            ));
        }
        for token in clause {
            bytes[std::ops::Range::<usize>::from(token.text_range())].fill(b' ');
        }
    }
    // Whole tokens became spaces, so the rest is the UTF-8 it was.
    let text = String::from_utf8(bytes).unwrap_or_default();
    Blanked { text, errors }
}

/// The tokens `INTO [STRICT] variable [, variable]...` of a statement that may have them.
fn into_clause(statement: &[SyntaxToken]) -> Option<&[SyntaxToken]> {
    use SyntaxKind::{
        DELETE_KW, DOT, EXPLAIN_KW, INSERT_KW, INTO_KW, L_PAREN, MERGE_KW, R_PAREN, SELECT_KW,
        SHOW_KW, TABLE_KW, UPDATE_KW, VALUES_KW, WITH_KW,
    };
    const MAY_RETURN: [SyntaxKind; 10] = [
        SELECT_KW, INSERT_KW, UPDATE_KW, DELETE_KW, MERGE_KW, WITH_KW, VALUES_KW, TABLE_KW,
        EXPLAIN_KW, SHOW_KW,
    ];
    if !MAY_RETURN.contains(&statement.first()?.kind()) {
        return None;
    }
    let mut depth = 0_i32;
    let mut start = None;
    for (at, token) in statement.iter().enumerate() {
        match token.kind() {
            L_PAREN => depth += 1,
            R_PAREN => depth -= 1,
            INTO_KW
                if depth == 0
                    && at > 0
                    && !matches!(statement[at - 1].kind(), INSERT_KW | MERGE_KW) =>
            {
                start = Some(at);
                break;
            }
            _ => {}
        }
    }
    let start = start?;
    let is =
        |at: usize, kind: SyntaxKind| statement.get(at).is_some_and(|token| token.kind() == kind);
    let mut end = start + 1;
    if statement
        .get(end)
        .is_some_and(|token| token.text().eq_ignore_ascii_case("strict"))
    {
        end += 1;
    }
    if !statement.get(end).is_some_and(is_variable) {
        return Some(&statement[start..=start]);
    }
    end += 1;
    while (is(end, DOT) || is(end, SyntaxKind::COMMA))
        && statement.get(end + 1).is_some_and(is_variable)
    {
        end += 2;
    }
    Some(&statement[start..end])
}

fn is_variable(token: &SyntaxToken) -> bool {
    match token.kind() {
        SyntaxKind::IDENT | SyntaxKind::POSITIONAL_PARAM => true,
        _ => {
            let is_word = token
                .text()
                .bytes()
                .all(|byte| byte.is_ascii_alphabetic() || byte == b'_');
            is_word && !is_reserved_word(token.text())
        }
    }
}

/// The string of an EXECUTE.
fn dynamic(statement: &SyntaxNode, runs: bool, place: &Place) -> Option<Fragment> {
    let dynamic = Dynamic::of(statement)?;
    let parse = SourceFile::parse(&dynamic.text);
    Some(Fragment {
        origin: Origin::Dynamic,
        runs,
        root: parse.syntax_node(),
        errors: Vec::new(),
        place: place.within(move |range| dynamic.source_range(range)),
    })
}
