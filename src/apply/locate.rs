//! From what the server says to a place in the migration's file.

use crate::embedded::Script;
use crate::server_error::{Position, ServerError};
use crate::source::Span;

/// The place in the file that an error is about, as exactly as the server lets us know.
///
/// `statement` is the index of the file's statement that the server was at; each is sent as it stands in the file. None
/// where the error is none of the file's: the history row, or COMMIT.
pub(super) fn locate(
    script: &Script,
    statement: Option<usize>,
    error: &ServerError,
) -> Option<Span> {
    let statement = *script.statements.get(statement?)?;
    locate_in(&script.text, statement, error)
}

/// The place in a text that an error is about, of which one statement was sent as it stands there.
pub(crate) fn locate_in(text: &str, statement: Span, error: &ServerError) -> Option<Span> {
    let Some(Position::Sent(position)) = error.position else {
        return within(text, statement, error);
    };
    let characters = usize::try_from(position).ok()?.checked_sub(1)?;
    let start = statement.range().start;
    word_at(text, start + nth_character(&text[start..], characters)?)
}

/// The place inside a statement that the server gave no position for.
fn within(text: &str, statement: Span, error: &ServerError) -> Option<Span> {
    internal_query(text, statement, error)
        .or_else(|| body_line(text, statement, error))
        .or_else(|| word_at(text, statement.range().start))
}

/// A query in a body stands in the file as the server quotes it.
fn internal_query(text: &str, statement: Span, error: &ServerError) -> Option<Span> {
    let Some(Position::Internal { position, query }) = &error.position else {
        return None;
    };
    let start = statement.range().start + text[statement.range()].find(query.as_str())?;
    let characters = usize::try_from(*position).ok()?.checked_sub(1)?;
    word_at(text, start + nth_character(query, characters)?)
}

/// `PL/pgSQL function inline_code_block line 3 at RAISE` counts from the line of the opening quote.
fn body_line(text: &str, statement: Span, error: &ServerError) -> Option<Span> {
    let context = error.context.as_deref()?;
    let (_, after) = context
        .lines()
        .find(|line| line.contains("function inline_code_block line "))?
        .split_once(" line ")?;
    let line: usize = after.split(' ').next()?.parse().ok()?;
    let range = statement.range();
    let body = range.start + opening_quote_end(&text[range.clone()])?;
    let start = body
        + text[body..range.end]
            .split_inclusive('\n')
            .take(line.checked_sub(1)?)
            .map(str::len)
            .sum::<usize>();
    let indent = text[start..].find(|character: char| !character.is_whitespace())?;
    word_at(text, start + indent)
}

/// Just behind the first `$$` or `$tag$`.
fn opening_quote_end(statement: &str) -> Option<usize> {
    let open = statement.find('$')?;
    let close = statement[open + 1..].find('$')?;
    Some(open + 1 + close + 1)
}

fn nth_character(text: &str, count: usize) -> Option<usize> {
    text.char_indices()
        .map(|(at, _)| at)
        .chain([text.len()])
        .nth(count)
}

/// The word, the quoted name or the single character that starts at `at`.
fn word_at(text: &str, at: usize) -> Option<Span> {
    let rest = text.get(at..)?;
    let first = rest.chars().next()?;
    let length = match first {
        '"' | '\'' => rest[1..].find(first).map_or(1, |end| end + 2),
        first if is_word(first) => rest
            .find(|character| !is_word(character))
            .unwrap_or(rest.len()),
        first => first.len_utf8(),
    };
    Some(Span::of(at..at + length))
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '$' | '.')
}
