//! Rules about SQL that does not parse, and the words in which they say so.

use super::file::{File, Part};
use super::parse::{Fragment, Origin};
use super::problem::Finding;
use super::words::{distance, tokens};
use crate::source::Span;
use squawk_syntax::{SyntaxKind, SyntaxToken};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn psql_meta_command(file: &File<'_>) -> Vec<Finding> {
    let mut found: BTreeMap<usize, Finding> = BTreeMap::new();
    for part in std::iter::once(&file.forward).chain(&file.rollback) {
        for span in backslashes(part) {
            let line = file.text[..span.start as usize].matches('\n').count();
            let rest = file.text[span.start as usize..]
                .split_whitespace()
                .next()
                .unwrap_or("\\");
            let command = rest.trim_end_matches(';');
            let whole = Span::of(span.start as usize..span.start as usize + command.len());
            let finding = Finding::at(whole, format!("`{command}` is a command of psql, not SQL"))
                .help("migrations are sent to the server as they are: write it in SQL, or leave it out");
            found.entry(line).or_insert(finding);
        }
    }
    found.into_values().collect()
}

/// No operator of PostgreSQL has a backslash, so outside strings and comments it can only be meant for psql.
fn backslashes(part: &Part) -> Vec<Span> {
    let file = &part.fragments[0];
    let backslash = |token: &SyntaxToken| token.text().starts_with('\\');
    tokens(&file.root)
        .filter(backslash)
        .map(|token| file.span(token.text_range()))
        .collect()
}

pub(super) fn syntax(file: &File<'_>) -> Vec<Finding> {
    let parts = std::iter::once(&file.forward).chain(&file.rollback);
    let plain = parts.filter(|part| backslashes(part).is_empty());
    let mut errors: Vec<Error> = plain
        .flat_map(|part| part.fragments.iter().flat_map(first_of_each_statement))
        .collect();
    errors.sort_by_key(|error| error.span);
    // A SQL body is judged with the statement around it and by itself.
    errors.dedup_by_key(|error| error.span);
    errors
        .iter()
        .map(|error| with_prose_in_mind(file, error, finding(file.text, error)))
        .collect()
}

/// A sentence in a rollback block is mostly a note that lacks its marker.
fn with_prose_in_mind(file: &File<'_>, error: &Error, finding: Finding) -> Finding {
    let back = file
        .layout
        .block
        .as_ref()
        .map_or(u32::MAX, |block| block.body.start);
    let no_sql = error.says("expected command") && error.before.is_empty();
    if error.span.start < back || !no_sql || opens_definition(error) || finding.has_help() {
        return finding;
    }
    finding.help("if this is a note, make it a comment inside the comment: `--   -- ...`")
}

/// A complaint of the parser, with what stands there.
struct Error {
    message: String,
    origin: Origin,
    /// The token it stumbled over, or the end.
    span: Span,
    token: Option<SyntaxToken>,
    /// The tokens of the statement before that one.
    before: Vec<(Span, SyntaxToken)>,
    /// The token after it.
    after: Option<(Span, SyntaxToken)>,
}

/// Whether a string or comment that is never closed holds all that follows.
pub(super) fn swallows_the_rest(part: &Part) -> bool {
    let mut errors = part.fragments[0].errors.iter();
    errors.any(|(_, message)| never_closed(message).is_some())
}

/// One mistake makes the parser stumble over many tokens: only its first message of each statement is worth reading, and
/// of the rest none that is the echo of an earlier one.
fn first_of_each_statement(fragment: &Fragment) -> Vec<Error> {
    let located = tokens(&fragment.root).map(|token| (fragment.span(token.text_range()), token));
    let tokens: Vec<(Span, SyntaxToken)> = located.collect();
    let mut kept: Vec<Error> = Vec::new();
    let mut judged = BTreeSet::new();
    for (span, message) in &fragment.errors {
        let at = tokens.partition_point(|(token, _)| token.end <= span.start);
        let is_semicolon = |(_, token): &(Span, SyntaxToken)| token.kind() == SyntaxKind::SEMICOLON;
        let start = tokens[..at]
            .iter()
            .rposition(is_semicolon)
            .map_or(0, |at| at + 1);
        let error = Error::new(message, *span, fragment.origin, &tokens, start..at);
        let is_first = judged.insert(start);
        if is_first && !kept.iter().any(|earlier| error.echoes(earlier)) {
            kept.push(error);
        }
    }
    kept
}

impl Error {
    fn new(
        message: &str,
        span: Span,
        origin: Origin,
        tokens: &[(Span, SyntaxToken)],
        statement: std::ops::Range<usize>,
    ) -> Self {
        let token = tokens.get(statement.end);
        let end = tokens.last().map_or(span.start, |(last, _)| last.end);
        // A comment that is never closed is no token.
        let place = match token {
            _ if never_closed(message).is_some() => span,
            Some((place, _)) => *place,
            None => Span::new(end, end),
        };
        Self {
            message: message.to_owned(),
            origin,
            span: place,
            token: token.map(|(_, token)| token.clone()),
            before: tokens[statement.clone()].to_vec(),
            after: tokens.get(statement.end + 1).cloned(),
        }
    }

    fn says(&self, start: &str) -> bool {
        self.message
            .get(..start.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(start))
    }

    fn echoes(&self, earlier: &Self) -> bool {
        let outside_of_all = earlier.says("expected a block");
        let missed_at_the_end = self.token.is_none();
        // A list that a semicolon cut in two: its second half begins no statement.
        let cut = earlier
            .token
            .as_ref()
            .is_some_and(|token| token.kind() == SyntaxKind::SEMICOLON);
        let second_half = cut && self.before.is_empty() && self.says("expected command");
        outside_of_all || missed_at_the_end || second_half
    }
}

fn finding(text: &str, error: &Error) -> Finding {
    if let Some((message, help)) = never_closed(&error.message) {
        return Finding::at(error.span.snap(text), message).help(help);
    }
    if let Some((span, token)) = statement_begun_too_early(error) {
        let message = format!("expected `;` before {}", shown(token));
        return Finding::at(span.snap(text), message);
    }
    if let Some((span, word, meant)) = misspelling(error) {
        let finding = Finding::at(span.snap(text), format!("unexpected `{word}`"));
        return finding.help(format!("did you mean `{meant}`?"));
    }
    let (span, message) = say(error);
    let finding = Finding::at(span.snap(text), message);
    match unfinished(error).or_else(|| foreign(error)) {
        Some(help) => finding.help(help),
        None => finding,
    }
}

fn never_closed(message: &str) -> Option<(&'static str, &'static str)> {
    let lowered = message.to_lowercase();
    if !lowered.starts_with("missing trailing") && !lowered.starts_with("unterminated") {
        return None;
    }
    let said = if lowered.contains("dollar") {
        (
            "this dollar-quoted string is never closed",
            "write its tag again where it ends",
        )
    } else if lowered.contains("comment") {
        (
            "this comment is never closed",
            "write `*/` where it ends; one inside another needs its own",
        )
    } else if lowered.contains("identifier") {
        (
            "this quoted name is never closed",
            "write `\"` where it ends",
        )
    } else {
        (
            "this string is never closed",
            "write `'` where it ends; a quote inside a string is written `''`",
        )
    };
    Some(said)
}

/// `x := 1 RETURN y`: the parser reads `RETURN` as a name for the value before it, and stumbles over the next token.
fn statement_begun_too_early(error: &Error) -> Option<(Span, &SyntaxToken)> {
    const OPENS: [&str; 16] = [
        "RETURN", "RAISE", "PERFORM", "EXECUTE", "IF", "FOR", "FOREACH", "WHILE", "LOOP", "END",
        "EXIT", "CONTINUE", "INSERT", "UPDATE", "DELETE", "SELECT",
    ];
    let (span, token) = error.before.last()?;
    let opens = OPENS
        .iter()
        .any(|word| token.text().eq_ignore_ascii_case(word));
    let on_a_new_line = token
        .prev_token()
        .is_some_and(|space| space.text().contains('\n'));
    let in_a_body = error.origin == Origin::Body && error.before.len() > 1;
    (error.says("missing comma") && opens && on_a_new_line && in_a_body).then_some((*span, token))
}

/// `END;` where `END IF;` is due.
fn unfinished(error: &Error) -> Option<String> {
    let wanted = ["IF", "LOOP", "CASE"]
        .into_iter()
        .find(|word| error.says(&format!("expected {word}_KW")))?;
    let (_, end) = error.before.last()?;
    let is_end = end.text().eq_ignore_ascii_case("end");
    is_end.then(|| format!("the innermost `{wanted}` above is not closed: write `END {wanted};`"))
}

/// What other databases and languages write.
fn foreign(error: &Error) -> Option<String> {
    let help = match error.token.as_ref()?.text() {
        "#" | "/" => "a comment begins with `--`",
        "`" => "a name is quoted by `\"`, and only where it must be",
        _ => return None,
    };
    Some(help.to_owned())
}

/// The word that was mistyped: where the parser stumbled, or one of the two before it, which it took for names.
fn misspelling(error: &Error) -> Option<(Span, String, &'static str)> {
    let words = error
        .message
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let expected = words.into_iter().find_map(|word| word.strip_suffix("_KW"));
    let here = error
        .token
        .as_ref()
        .map(|token| (error.span, token.clone()));
    // CREATE, ALTER and DROP are fine; what follows them is not.
    let candidates: Vec<(Span, SyntaxToken)> = if opens_definition(error) {
        error.after.iter().cloned().collect()
    } else {
        let mut before = error
            .before
            .iter()
            .rev()
            .take(2)
            .cloned()
            .collect::<Vec<_>>();
        // Taken for a name, it makes the next word the surplus one.
        let at = if error.says("missing comma") {
            before.len()
        } else {
            0
        };
        before.splice(at..at, here);
        before
    };
    let mut words = candidates
        .iter()
        .filter(|(_, token)| token.kind() == SyntaxKind::IDENT);
    words.find_map(|(span, token)| {
        Some((
            *span,
            token.text().to_owned(),
            meant(token.text(), expected)?,
        ))
    })
}

fn opens_definition(error: &Error) -> bool {
    use SyntaxKind::{ALTER_KW, CREATE_KW, DROP_KW};
    let opens = error
        .token
        .as_ref()
        .is_some_and(|token| matches!(token.kind(), CREATE_KW | ALTER_KW | DROP_KW));
    opens && error.before.is_empty()
}

/// Words that stand in migrations again and again, longest mistakes first.
const KNOWN: [&str; 65] = [
    "SELECT",
    "INSERT",
    "UPDATE",
    "DELETE",
    "CREATE",
    "ALTER",
    "DROP",
    "TABLE",
    "INDEX",
    "VIEW",
    "TRIGGER",
    "FUNCTION",
    "PROCEDURE",
    "EXTENSION",
    "SEQUENCE",
    "SCHEMA",
    "DOMAIN",
    "POLICY",
    "COLUMN",
    "CONSTRAINT",
    "PRIMARY",
    "FOREIGN",
    "REFERENCES",
    "DEFAULT",
    "UNIQUE",
    "CHECK",
    "WHERE",
    "FROM",
    "INTO",
    "VALUES",
    "RETURNING",
    "RETURNS",
    "LANGUAGE",
    "BEGIN",
    "DECLARE",
    "EXCEPTION",
    "THEN",
    "ELSE",
    "ELSIF",
    "LOOP",
    "WHILE",
    "RAISE",
    "PERFORM",
    "EXECUTE",
    "GRANT",
    "REVOKE",
    "COMMENT",
    "CASCADE",
    "RESTRICT",
    "CONFLICT",
    "NOTHING",
    "EXISTS",
    "USING",
    "GROUP",
    "ORDER",
    "HAVING",
    "LIMIT",
    "NULL",
    "RENAME",
    "TRUNCATE",
    "MATERIALIZED",
    "CONCURRENTLY",
    "NOT",
    "SET",
    "KEY",
];

/// What a mistyped word was meant to be: the expected one if it is near, or a common one that is very near.
fn meant(word: &str, expected: Option<&str>) -> Option<&'static str> {
    let word = word.to_uppercase();
    // `orders` is a table more often than a mistyped ORDER.
    let is_plural = word
        .strip_suffix('S')
        .is_some_and(|word| KNOWN.contains(&word));
    if KNOWN.contains(&word.as_str()) || is_plural || word.len() < 3 {
        return None;
    }
    let swapped = |known: &str| letters(&word) == letters(known);
    let near = |known: &&&str| {
        let allowed = if expected == Some(**known) { 2 } else { 1 };
        // Nearly every short word is near to another one.
        distance(&word, known) <= allowed && (known.len() > 3 || swapped(known))
    };
    let rank = |known: &&&str| {
        (
            expected != Some(**known),
            !swapped(known),
            distance(&word, known),
        )
    };
    KNOWN.iter().filter(near).min_by_key(rank).copied()
}

fn letters(word: &str) -> Vec<char> {
    let mut letters: Vec<char> = word.chars().collect();
    letters.sort_unstable();
    letters
}

/// The parser's message in the words of a person.
fn say(error: &Error) -> (Span, String) {
    let Some(token) = &error.token else {
        return (
            error.span,
            format!("{}, found the end", readable(&error.message)),
        );
    };
    let found = shown(token);
    let lowered = error.message.to_lowercase();
    if opens_definition(error) {
        let verb = token.text().to_uppercase();
        let Some((span, next)) = &error.after else {
            return (error.span, format!("`{verb}` of what?"));
        };
        return (*span, format!("{} is nothing to {verb}", shown(next)));
    }
    let message = if lowered.starts_with("missing semicolon") {
        format!("expected `;` before {found}")
    } else if lowered.starts_with("missing comma") {
        format!("unexpected {found}")
    } else if lowered.starts_with("expected command") || lowered.starts_with("expected a statement")
    {
        match (error.before.is_empty(), error.origin) {
            (true, _) => format!("no statement begins with {found}"),
            (false, _) => format!("unexpected {found}"),
        }
    } else if lowered.starts_with("expected") {
        let expected = error.message.split([',', ';']).next().unwrap_or_default();
        let expected = expected.split(" but got").next().unwrap_or_default();
        format!("{}, found {found}", readable(expected))
    } else {
        readable(&error.message)
    };
    (error.span, message)
}

fn shown(token: &SyntaxToken) -> String {
    let text = token.text();
    let short: String = text
        .lines()
        .next()
        .unwrap_or_default()
        .chars()
        .take(40)
        .collect();
    if short.len() < text.len() {
        format!("`{short}...`")
    } else {
        format!("`{short}`")
    }
}

/// `expected FROM_KW` becomes "expected `FROM`".
fn readable(message: &str) -> String {
    let words = message.split(' ').map(|word| {
        let sign = match word.trim_end_matches(['.', ',']) {
            "COMMA" => ",",
            "SEMICOLON" => ";",
            "L_PAREN" => "(",
            "R_PAREN" => ")",
            "L_BRACK" => "[",
            "R_BRACK" => "]",
            "EQ" => "=",
            "DOT" => ".",
            "DOT_DOT" => "..",
            "COLON_EQ" => ":=",
            "LESS_LESS" => "<<",
            "GREATER_GREATER" => ">>",
            "IDENT" => return "a name".to_owned(),
            "STRING" => return "a string".to_owned(),
            "EOF" => return "the end".to_owned(),
            other => match other.strip_suffix("_KW") {
                Some(keyword) => keyword,
                None => return word.to_owned(),
            },
        };
        format!("`{sign}`")
    });
    let mut readable = words.collect::<Vec<_>>().join(" ");
    if readable.ends_with('.') {
        readable.pop();
    }
    let upper = readable.chars().next().filter(char::is_ascii_uppercase);
    if upper.is_some()
        && readable
            .chars()
            .nth(1)
            .is_some_and(|c| c.is_ascii_lowercase())
    {
        readable[..1].make_ascii_lowercase();
    }
    readable
}

pub(super) fn final_semicolon(file: &File<'_>) -> Vec<Finding> {
    let open = |part: &Part| {
        let (node, span) = part.statements.last()?;
        let closed = node
            .last_token()
            .is_some_and(|_| super::words::has(node, SyntaxKind::SEMICOLON));
        let end = Span::new(span.end, span.end);
        (!closed).then(|| {
            Finding::at(end, "the last statement does not end with `;`")
                .help("add it: what follows a migration would run into it")
        })
    };
    file.sound_parts().filter_map(open).collect()
}

pub(super) fn no_statement(file: &File<'_>) -> Vec<Finding> {
    if !file.forward.is_sound() || !file.forward.statements.is_empty() {
        return Vec::new();
    }
    vec![
        Finding::whole("the forward part has no statement")
            .help("write the SQL of the migration, or delete the file"),
    ]
}
