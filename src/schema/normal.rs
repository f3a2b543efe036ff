//! One text for what the majors of PostgreSQL print in several ways.
//!
//! What they print of an expression is made of tokens, and those are all that is understood here: no SQL is parsed.

/// The definition of an object, whatever server printed it. Bodies of functions are as their authors wrote them.
pub(super) fn definition(object: &str, printed: &str) -> String {
    let printed = printed.trim();
    let kind = object.split(' ').next().unwrap_or_default();
    match kind {
        "view" | "materialized" => unqualified(&of_calls(printed)),
        "column" | "constraint" | "index" | "policy" | "rule" | "trigger" | "domain"
        | "statistics" => of_calls(printed),
        "procedure" => without_in(printed),
        _ => printed.to_owned(),
    }
}

/// Before PostgreSQL 14 what was written `EXTRACT(epoch FROM x)` or `x AT TIME ZONE 'UTC'` is printed as a call of a
/// function; from then on as it was written. Here a call is as well. What EXTRACT gives has another type there, so the
/// casts around it may differ still.
fn of_calls(printed: &str) -> String {
    rewritten(&tokens(printed))
}

fn rewritten(tokens: &[&str]) -> String {
    let mut text = String::new();
    let mut at = 0;
    while at < tokens.len() {
        let token = tokens[at];
        let after_dot = at > 0 && tokens[at - 1] == ".";
        if tokens.get(at + 1) == Some(&"(")
            && !after_dot
            && let Some(end) = closing(tokens, at + 1)
            && let Some(call) = as_syntax(token, &arguments(&tokens[at + 2..end]))
        {
            text.push_str(&call);
            at = end + 1;
        } else {
            text.push_str(token);
            at += 1;
        }
    }
    text
}

/// A call in the words of the SQL standard, where it has some for that function.
fn as_syntax(function: &str, arguments: &[String]) -> Option<String> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    Some(match (function, &arguments[..]) {
        ("date_part", [field, from]) => {
            let field = field.strip_prefix('\'')?.strip_suffix("'::text")?;
            format!("EXTRACT({field} FROM {from})")
        }
        ("timezone", [zone, time]) => format!("({time} AT TIME ZONE {zone})"),
        (r#""substring""#, [of, from]) => format!("SUBSTRING({of} FROM {from})"),
        (r#""substring""#, [of, from, length]) => {
            format!("SUBSTRING({of} FROM {from} FOR {length})")
        }
        (r#""position""#, [of, part]) => format!("POSITION(({part}) IN ({of}))"),
        (r#""overlay""#, [of, part, from]) => format!("OVERLAY({of} PLACING {part} FROM {from})"),
        (r#""overlay""#, [of, part, from, length]) => {
            format!("OVERLAY({of} PLACING {part} FROM {from} FOR {length})")
        }
        (r#""overlaps""#, [a, b, c, d]) => format!("(({a}, {b}) OVERLAPS ({c}, {d}))"),
        ("btrim", [of]) => format!("TRIM(BOTH FROM {of})"),
        ("btrim", [of, what]) => format!("TRIM(BOTH {what} FROM {of})"),
        ("ltrim", [of]) => format!("TRIM(LEADING FROM {of})"),
        ("ltrim", [of, what]) => format!("TRIM(LEADING {what} FROM {of})"),
        ("rtrim", [of]) => format!("TRIM(TRAILING FROM {of})"),
        ("rtrim", [of, what]) => format!("TRIM(TRAILING {what} FROM {of})"),
        _ => return None,
    })
}

/// The arguments of a call, each rewritten.
fn arguments(tokens: &[&str]) -> Vec<String> {
    let mut arguments = Vec::new();
    let (mut start, mut depth) = (0, 0);
    for (at, token) in tokens.iter().enumerate() {
        match *token {
            "(" | "[" => depth += 1,
            ")" | "]" => depth -= 1,
            "," if depth == 0 => {
                arguments.push(rewritten(&tokens[start..at]).trim().to_owned());
                start = at + 1;
            }
            _ => {}
        }
    }
    arguments.push(rewritten(&tokens[start..]).trim().to_owned());
    arguments
}

/// Before PostgreSQL 16 a view over one relation is printed with the relation before each of its columns, from then on
/// without, but within subqueries. Here they go, whatever the server.
fn unqualified(printed: &str) -> String {
    let tokens = tokens(printed);
    let Some(relation) = only_relation(&tokens) else {
        return printed.to_owned();
    };
    let mut text = String::new();
    let mut in_query = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        match tokens[at] {
            "(" => in_query.push(opens_query(&tokens[at + 1..])),
            ")" => drop(in_query.pop()),
            token
                if token == relation
                    && !in_query.contains(&true)
                    && tokens.get(at + 1) == Some(&".")
                    && tokens.get(at + 2).is_some_and(|column| *column != "*")
                    && (at == 0 || tokens[at - 1] != ".")
                    // Of `FROM schema.table` neither word is a column.
                    && !(in_query.is_empty() && follows_from(&tokens[..at])) =>
            {
                at += 2;
                continue;
            }
            _ => {}
        }
        text.push_str(tokens[at]);
        at += 1;
    }
    text
}

/// How the query calls what it reads, where that is one thing, and it is no join.
fn only_relation<'a>(tokens: &[&'a str]) -> Option<&'a str> {
    let outer = outermost(tokens);
    let word = |word: &str| outer.iter().position(|&at| tokens[at] == word);
    if ["UNION", "INTERSECT", "EXCEPT"]
        .iter()
        .any(|operation| word(operation).is_some())
    {
        return None;
    }
    let from = word("FROM")?;
    let ends = [
        "WHERE", "GROUP", "HAVING", "WINDOW", "ORDER", "LIMIT", "OFFSET", "FETCH", "FOR", ";",
    ];
    let items: Vec<usize> = outer[from + 1..]
        .iter()
        .copied()
        .take_while(|&at| !ends.contains(&tokens[at]))
        .collect();
    let first = *items.iter().find(|&&at| !tokens[at].trim().is_empty())?;
    let is_join = tokens[first] == "(" && !opens_query(&tokens[first + 1..]);
    if is_join || items.iter().any(|&at| tokens[at] == ",") {
        return None;
    }
    let mut names = items.iter().filter(|&&at| is_name(tokens[at]));
    names.next_back().map(|&at| tokens[at])
}

/// Where the tokens stand that are in no parentheses, with the parentheses themselves.
fn outermost(tokens: &[&str]) -> Vec<usize> {
    let mut depth = 0;
    let mut outer = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        if *token == ")" {
            depth -= 1;
        }
        if depth == 0 {
            outer.push(at);
        }
        if *token == "(" {
            depth += 1;
        }
    }
    outer
}

fn opens_query(tokens: &[&str]) -> bool {
    let first = tokens.iter().find(|token| !token.trim().is_empty());
    first.is_some_and(|token| ["SELECT", "WITH", "VALUES"].contains(token))
}

fn follows_from(tokens: &[&str]) -> bool {
    let before = tokens.iter().rev().find(|token| !token.trim().is_empty());
    before.is_some_and(|token| ["FROM", "ONLY"].contains(token))
}

/// Before PostgreSQL 14 the arguments of a procedure are printed without `IN`.
fn without_in(printed: &str) -> String {
    let tokens = tokens(printed);
    let end = closing(&tokens, 0).unwrap_or(0);
    let kept = tokens.iter().enumerate().filter(|(at, token)| {
        let is_word = *at < end && **token == "IN";
        let is_space = *at > 0 && *at < end && tokens[at - 1] == "IN";
        !is_word && !is_space
    });
    kept.map(|(_, token)| *token).collect()
}

/// The parenthesis that closes the one at this place.
fn closing(tokens: &[&str], open: usize) -> Option<usize> {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match *token {
            "(" => depth += 1,
            ")" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c == '"' || c == '_' || c.is_alphanumeric())
}

/// Names, quoted names, texts, white space, and each other character by itself. Together they are the text.
pub(crate) fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '\'' | '"' => quoted(rest, first),
            c if is_of_word(c) => rest.find(|c| !is_of_word(c)).unwrap_or(rest.len()),
            c if c.is_whitespace() => {
                let end = rest.find(|c: char| !c.is_whitespace());
                end.unwrap_or(rest.len())
            }
            c => c.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        tokens.push(token);
        rest = after;
    }
    tokens
}

fn is_of_word(c: char) -> bool {
    c == '_' || c == '$' || c.is_alphanumeric()
}

/// How long a text in quotes is. A quote in it is written twice.
fn quoted(text: &str, quote: char) -> usize {
    let mut end = 1;
    while let Some(length) = text[end..].find(quote) {
        end += length + 1;
        if !text[end..].starts_with(quote) {
            return end;
        }
        end += 1;
    }
    text.len()
}
