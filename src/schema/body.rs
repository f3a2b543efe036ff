//! Whether two definitions of an object mean the same.
//!
//! PostgreSQL keeps the body of a function as its author wrote it. What it ignores makes no difference here either:
//! comments, white space, upper and lower case of words, a semicolon at the end, and which of its two signs for an
//! assignment PL/pgSQL code uses. All else that the server prints is compared as a text.

use std::borrow::Cow;

/// Whether both definitions of this object mean the same. Bodies in PL/pgSQL and SQL are compared token by token.
pub fn same_definition(object: &str, a: &str, b: &str) -> bool {
    if a == b {
        return true;
    }
    let has_body = ["function ", "procedure "]
        .iter()
        .any(|kind| object.starts_with(kind));
    if !has_body {
        return false;
    }
    let (Some(a), Some(b)) = (Routine::of(a), Routine::of(b)) else {
        return false;
    };
    a.head == b.head && a.meaning() == b.meaning()
}

/// A function or procedure, as `pg_get_functiondef` prints it from its arguments on.
struct Routine<'a> {
    /// What the server has printed: all before the body.
    head: &'a str,
    language: Language,
    /// What the author has written.
    body: &'a str,
}

/// The languages whose tokens are known.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Language {
    Sql,
    PlPgSql,
}

impl<'a> Routine<'a> {
    /// None where the body is in another language, or was written in SQL's own form (`BEGIN ATOMIC`, `RETURN`), which the
    /// server prints itself.
    fn of(definition: &'a str) -> Option<Self> {
        let tokens = tokens(definition);
        let (last, before) = tokens.split_last()?;
        if before.last()?.text != "AS" {
            return None;
        }
        let body = dollar_quoted(last.text)?;
        // The server prints its own words in capitals, and a name in capitals in quotes.
        let mut words = before.iter().map(|token| token.text);
        words.find(|word| *word == "LANGUAGE")?;
        let language = match words.next()? {
            "sql" => Language::Sql,
            "plpgsql" => Language::PlPgSql,
            _ => return None,
        };
        Some(Self {
            head: &definition[..last.start],
            language,
            body,
        })
    }

    fn meaning(&self) -> Vec<Cow<'a, str>> {
        let mut meaning = Vec::new();
        let mut depth = 0_usize;
        for token in tokens(self.body) {
            match token.text {
                "(" | "[" => depth += 1,
                ")" | "]" => depth = depth.saturating_sub(1),
                _ => {}
            }
            // Inside of parentheses := names an argument, and = compares. Outside of them nothing but an assignment is
            // written with :=, and where one is possible, = is one, too.
            let is_assignment =
                self.language == Language::PlPgSql && depth == 0 && token.text == ":=";
            meaning.push(if is_assignment {
                "=".into()
            } else {
                meaning_of(token.text)
            });
        }
        while meaning.last().is_some_and(|token| token == ";") {
            meaning.pop();
        }
        meaning
    }
}

/// A token without what makes no difference: the case of a word, the tag of a text between dollar signs.
fn meaning_of(token: &str) -> Cow<'_, str> {
    if let Some(inner) = dollar_quoted(token) {
        return format!("$${inner}").into();
    }
    // What has quotes in it is as it is, but for the letters before them.
    if token.contains(['\'', '"']) || !token.contains(|c: char| c.is_ascii_uppercase()) {
        return token.into();
    }
    token.to_ascii_lowercase().into()
}

/// What stands between the tags of a text in dollar quotes.
fn dollar_quoted(token: &str) -> Option<&str> {
    let tag = dollar_tag(token)?;
    token.strip_prefix(tag)?.strip_suffix(tag)
}

/// The tag that opens a text in dollar quotes: `$$`, `$function$`.
fn dollar_tag(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('$')?;
    let end = inner.find(|c| !is_of_word(c) || c == '$')?;
    let is_tag = inner[end..].starts_with('$') && !inner.starts_with(|c: char| c.is_ascii_digit());
    is_tag.then(|| &text[..end + 2])
}

struct Token<'a> {
    start: usize,
    text: &'a str,
}

/// The tokens of SQL, as PostgreSQL's scanner finds them; without comments and white space.
fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut start = 0;
    while start < text.len() {
        let rest = &text[start..];
        let ignored = ignored(rest);
        if ignored > 0 {
            start += ignored;
            continue;
        }
        let length = length(rest);
        tokens.push(Token {
            start,
            text: &rest[..length],
        });
        start += length;
    }
    tokens
}

/// How long the white space or the comment is that a text begins with.
fn ignored(text: &str) -> usize {
    let space = text.find(|c| !is_space(c)).unwrap_or(text.len());
    if space > 0 {
        return space;
    }
    if text.starts_with("--") {
        return text.find(['\n', '\r']).unwrap_or(text.len());
    }
    if text.starts_with("/*") {
        return block_comment(text);
    }
    0
}

/// Comments nest.
fn block_comment(text: &str) -> usize {
    let (mut at, mut depth) = (0, 0);
    while at < text.len() {
        let rest = &text.as_bytes()[at..];
        let step = if rest.starts_with(b"/*") {
            depth += 1;
            2
        } else if rest.starts_with(b"*/") {
            depth -= 1;
            2
        } else {
            1
        };
        at += step;
        if depth == 0 {
            break;
        }
    }
    at
}

/// How long the token is that a text begins with.
fn length(text: &str) -> usize {
    let Some(first) = text.chars().next() else {
        return 0;
    };
    let after = |length: usize| text[length..].chars().next();
    match first {
        '\'' | '"' => quoted(text, 0, false),
        'e' | 'E' if after(1) == Some('\'') => quoted(text, 1, true),
        'b' | 'B' | 'x' | 'X' | 'n' | 'N' if after(1) == Some('\'') => quoted(text, 1, false),
        'u' | 'U' if after(1) == Some('&') && matches!(after(2), Some('\'' | '"')) => {
            quoted(text, 2, false)
        }
        '$' => dollar(text),
        c if c.is_ascii_digit() => number(text),
        '.' if after(1).is_some_and(|c| c.is_ascii_digit()) => number(text),
        c if is_of_word(c) => text.find(|c| !is_of_word(c)).unwrap_or(text.len()),
        ':' if matches!(after(1), Some(':' | '=')) => 2,
        '.' if after(1) == Some('.') => 2,
        c if is_of_operator(c) => operator(text),
        c => c.len_utf8(),
    }
}

/// A text or a name in quotes, which open at this place. A quote in it is written twice, or behind a backslash where those
/// escape.
fn quoted(text: &str, open: usize, has_escapes: bool) -> usize {
    let bytes = text.as_bytes();
    let quote = bytes[open];
    let mut at = open + 1;
    while at < bytes.len() {
        if has_escapes && bytes[at] == b'\\' {
            at += 2;
        } else if bytes[at] != quote {
            at += 1;
        } else if bytes.get(at + 1) == Some(&quote) {
            at += 2;
        } else {
            return at + 1;
        }
    }
    text.len()
}

/// A text in dollar quotes, or a parameter.
fn dollar(text: &str) -> usize {
    let Some(tag) = dollar_tag(text) else {
        let digits = text[1..].find(|c: char| !c.is_ascii_digit());
        return digits.map_or(text.len(), |digits| digits + 1);
    };
    let inner = &text[tag.len()..];
    let end = inner.find(tag);
    end.map_or(text.len(), |end| tag.len() + end + tag.len())
}

/// A number with what is glued to it. The two dots of `1..3` are none of it, and neither is a sign, but for that of an
/// exponent.
fn number(text: &str) -> usize {
    let bytes = text.as_bytes();
    let is_exponent = |at: usize| {
        at > 0
            && matches!(bytes[at - 1], b'e' | b'E')
            && !text.starts_with("0x")
            && !text.starts_with("0X")
    };
    let mut at = 0;
    while at < bytes.len() {
        let is_number = match bytes[at] {
            b'.' => bytes.get(at + 1) != Some(&b'.'),
            b'+' | b'-' => is_exponent(at) && bytes.get(at + 1).is_some_and(u8::is_ascii_digit),
            byte => byte == b'_' || byte.is_ascii_alphanumeric(),
        };
        if !is_number {
            break;
        }
        at += 1;
    }
    at
}

/// As long as possible, but not into a comment; and with a sign at its end only where it has a character that no operator
/// of the SQL standard has: `=-1` is two operators, `@-1` is one.
fn operator(text: &str) -> usize {
    let mut end = text.find(|c| !is_of_operator(c)).unwrap_or(text.len());
    for comment in ["--", "/*"] {
        if let Some(start) = text[..end].find(comment) {
            end = start;
        }
    }
    if !text[..end].contains(['~', '!', '@', '#', '^', '&', '|', '`', '?', '%']) {
        while end > 1 && text[..end].ends_with(['+', '-']) {
            end -= 1;
        }
    }
    end
}

fn is_of_operator(c: char) -> bool {
    "+-*/<>=~!@#%^&|`?".contains(c)
}

fn is_of_word(c: char) -> bool {
    c == '_' || c == '$' || c.is_ascii_alphanumeric() || !c.is_ascii()
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn defined(language: &str, body: &str) -> String {
        let mut tag = "$function".to_owned();
        while body.contains(&tag) {
            tag.push('x');
        }
        format!("()\n RETURNS trigger\n LANGUAGE {language}\nAS {tag}${body}{tag}$")
    }

    fn is_same(language: &str, a: &str, b: &str) -> bool {
        let (a, b) = (defined(language, a), defined(language, b));
        let is_same = same_definition("function f()", &a, &b);
        assert_eq!(is_same, same_definition("function f()", &b, &a), "{a}\n{b}");
        is_same
    }

    #[test]
    fn what_plpgsql_ignores_makes_no_difference() {
        let body = "\nBEGIN\n    NEW.updated_at := now();\n    RETURN NEW;\nEND\n";
        for other in [
            "\nBEGIN\n    NEW.updated_at = now();\n    RETURN NEW;\nEND;\n",
            "begin new.Updated_At:=NOW(); return new; end",
            "-- a comment\nBEGIN /* one /* in another */ */ NEW . updated_at = now ( ); RETURN NEW; END -- at the end",
            "BEGIN\r\n\tNEW.updated_at := now();\r\n\tRETURN NEW;\r\nEND;",
        ] {
            assert!(is_same("plpgsql", body, other), "{other}");
        }
    }

    #[test]
    fn every_place_of_an_assignment_takes_both_signs() {
        for body in [
            "DECLARE a int := 1; b CONSTANT text NOT NULL := 'x'; BEGIN END",
            "BEGIN a[f(n => 1)] := 2; END",
            "BEGIN r.a.b := r.c = d; END",
            "BEGIN GET DIAGNOSTICS n := ROW_COUNT; END",
            "BEGIN RAISE EXCEPTION USING MESSAGE := 'no'; END",
            "BEGIN a :=-1; END",
        ] {
            assert!(is_same("plpgsql", body, &body.replace(":=", "=")), "{body}");
        }
    }

    #[test]
    fn what_means_something_else_is_different() {
        for (a, b) in [
            // An argument by its name, and a comparison.
            (
                "BEGIN PERFORM f(a := 1); END",
                "BEGIN PERFORM f(a = 1); END",
            ),
            ("BEGIN a := f(b := 1); END", "BEGIN a = f(b = 1); END"),
            // One comparison more.
            ("BEGIN a := b = c; END", "BEGIN a := b; END"),
            ("BEGIN a := 1; END", "BEGIN a := 1; a := 1; END"),
            ("BEGIN RETURN 'a'; END", "BEGIN RETURN 'A'; END"),
            ("BEGIN RETURN 'a  b'; END", "BEGIN RETURN 'a b'; END"),
            ("BEGIN RETURN 'a -- b'; END", "BEGIN RETURN 'a'; END"),
            ("BEGIN RETURN '--'; END", "BEGIN RETURN ''; END"),
            ("BEGIN RETURN E'\\'--'; END", "BEGIN RETURN E'\\''; END"),
            ("BEGIN RETURN E'a'; END", "BEGIN RETURN 'a'; END"),
            ("BEGIN RETURN \"a\"; END", "BEGIN RETURN \"A\"; END"),
            ("BEGIN RETURN $a$x$a$; END", "BEGIN RETURN $a$X$a$; END"),
            (
                "BEGIN RETURN $a$ $b$ $a$; END",
                "BEGIN RETURN $b$ $a$ $b$; END",
            ),
            ("BEGIN RETURN a < -b; END", "BEGIN RETURN a <- b; END "),
            ("BEGIN RETURN a < = b; END", "BEGIN RETURN a <= b; END"),
            ("BEGIN RETURN a - -1; END", "BEGIN RETURN a --1;\n; END"),
            ("BEGIN RETURN ab; END", "BEGIN RETURN a b; END"),
            ("BEGIN RETURN 12; END", "BEGIN RETURN 1 2; END"),
            ("BEGIN RETURN É; END", "BEGIN RETURN é; END"),
        ] {
            // Where PostgreSQL reads both alike, so do we.
            let is_expected = (a, b) == ("BEGIN RETURN a < -b; END", "BEGIN RETURN a <- b; END ");
            assert_eq!(is_same("plpgsql", a, b), is_expected, "{a}\n{b}");
        }
    }

    #[test]
    fn a_tag_makes_no_difference_and_what_is_between_does() {
        assert!(is_same(
            "plpgsql",
            "BEGIN EXECUTE $a$SELECT 1$a$; END",
            "BEGIN EXECUTE $$SELECT 1$$; END"
        ));
        assert!(is_same(
            "plpgsql",
            "BEGIN a$1$ := $1; END",
            "BEGIN a$1$=$1; END"
        ));
        assert!(is_same(
            "plpgsql",
            "FOR i IN 1..3 LOOP",
            "for i in 1 .. 3 loop"
        ));
        assert!(is_same("plpgsql", "SELECT 1.5e-3+.5", "SELECT 1.5E-3 + .5"));
        // A body that has the usual tag in it is printed with another.
        assert!(is_same("plpgsql", "BEGIN -- $function$\nEND", "BEGIN END"));
    }

    #[test]
    fn in_sql_no_sign_assigns() {
        assert!(is_same(
            "sql",
            "SELECT f(a := 1); ",
            "select f ( a := 1 ) -- one"
        ));
        assert!(!is_same("sql", "SELECT f(a := 1)", "SELECT f(a = 1)"));
        assert!(!is_same("sql", "SELECT 1", "SELECT 2"));
    }

    #[test]
    fn other_languages_and_all_else_are_compared_as_texts() {
        assert!(!is_same("plpython3u", "if x:\n  y()", "if x: y()"));
        assert!(!is_same("c", "f", "F"));
        let head = defined("plpgsql", "BEGIN END");
        let other = head.replace("RETURNS trigger", "RETURNS  trigger");
        assert!(!same_definition("function f()", &head, &other));
        assert!(!same_definition("view v", "SELECT 1", "select 1"));
        let atomic = "()\n RETURNS integer\n LANGUAGE sql\nBEGIN ATOMIC\n SELECT 1;\nEND";
        assert!(same_definition("function f()", atomic, atomic));
        assert!(!same_definition(
            "function f()",
            atomic,
            &atomic.to_lowercase()
        ));
        // The default of an argument may look like what follows.
        let odd = |body: &str| {
            format!(
                "(a text DEFAULT ' LANGUAGE sql\nAS $function$'::text)\n RETURNS text\n LANGUAGE plpgsql\nAS $function${body}$function$"
            )
        };
        assert!(same_definition(
            "function f()",
            &odd("BEGIN a := 1; END"),
            &odd("begin a = 1; end;")
        ));
    }
}
