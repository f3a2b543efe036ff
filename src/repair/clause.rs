//! Definitions in parts: the reader writes each as clauses, which begin with known words and stand in a known order.

use crate::schema::{before_last_dot, tokens};

/// A definition cut at the words that begin its clauses. What stands before the first of them is under `""`. A word counts
/// outside of parentheses and quotes, and only behind those that stand before it in the list; it may repeat.
pub(super) struct Clauses<'a>(Vec<(&'static str, &'a str)>);

impl<'a> Clauses<'a> {
    pub(super) fn of(text: &'a str, words: &[&'static str]) -> Self {
        let mut cuts: Vec<(usize, usize, &'static str)> = Vec::new();
        let (mut at, mut depth, mut next, mut begins) = (0, 0_i32, 0, true);
        // A word is several tokens, which begin no other.
        let mut behind = 0;
        for token in tokens(text) {
            match token {
                "(" | "[" => depth += 1,
                ")" | "]" => depth -= 1,
                _ if depth == 0 && begins && at >= behind => {
                    let rest = &text[at..];
                    let found = words[next..].iter().position(|word| is_at(rest, word));
                    if let Some(found) = found {
                        next += found;
                        let word = words[next];
                        // The parenthesis belongs to what stands in it.
                        let length = word.trim_end_matches('(').len();
                        cuts.push((at, length, word));
                        behind = at + length;
                    }
                }
                _ => {}
            }
            begins = token.trim().is_empty();
            at += token.len();
        }
        let mut clauses = Vec::new();
        let end = |nth: usize| cuts.get(nth).map_or(text.len(), |cut| cut.0);
        clauses.push(("", text[..end(0)].trim()));
        for (nth, (start, length, word)) in cuts.iter().enumerate() {
            clauses.push((word, text[start + length..end(nth + 1)].trim()));
        }
        Self(clauses)
    }

    /// What stands behind a word, up to the next clause.
    pub(super) fn get(&self, word: &str) -> Option<&'a str> {
        self.all(word).next()
    }

    /// The same for a word that repeats.
    pub(super) fn all(&self, word: &str) -> impl Iterator<Item = &'a str> {
        let found = self.0.iter().filter(move |(one, _)| *one == word);
        found.map(|(_, text)| *text)
    }

    pub(super) fn has(&self, word: &str) -> bool {
        self.get(word).is_some()
    }
}

fn is_at(text: &str, word: &str) -> bool {
    let ends_here = |rest: &str| !rest.starts_with(|c: char| c == '_' || c.is_alphanumeric());
    text.strip_prefix(word)
        .is_some_and(|rest| word.ends_with('(') || ends_here(rest))
}

/// The items of a list in parentheses, or without.
pub(super) fn items(list: &str) -> Vec<&str> {
    let inner = list
        .strip_prefix('(')
        .and_then(|rest| rest.strip_suffix(')'));
    let inner = inner.unwrap_or(list);
    let (mut items, mut start, mut at, mut depth) = (Vec::new(), 0, 0, 0_i32);
    for token in tokens(inner) {
        match token {
            "(" | "[" => depth += 1,
            ")" | "]" => depth -= 1,
            "," if depth == 0 => {
                items.push(inner[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
        at += token.len();
    }
    items.push(inner[start..].trim());
    items.retain(|item| !item.is_empty());
    items
}

/// The name of a part: that of the whole, and its own.
pub(super) fn split(name: &str) -> (&str, &str) {
    before_last_dot(name).map_or(("", name), |whole| (whole, &name[whole.len() + 1..]))
}

/// A name in the schema of a relation, such as that of an index.
pub(super) fn beside(relation: &str, name: &str) -> String {
    match before_last_dot(relation) {
        Some(schema) => format!("{schema}.{name}"),
        None => name.to_owned(),
    }
}

/// Options as `SET (...)` and `RESET (...)`, from one list to another.
pub(super) fn options(expected: Option<&str>, found: Option<&str>) -> Vec<String> {
    let (expected, found) = (
        expected.map(items).unwrap_or_default(),
        found.map(items).unwrap_or_default(),
    );
    let name = |option: &str| option.split('=').next().unwrap_or_default().to_owned();
    let set = expected.iter().filter(|option| !found.contains(option));
    let set: Vec<String> = set.map(|option| assigned(option)).collect();
    let names: Vec<String> = expected.iter().map(|option| name(option)).collect();
    let reset = found.iter().map(|option| name(option));
    let reset: Vec<String> = reset.filter(|one| !names.contains(one)).collect();
    let mut statements = Vec::new();
    if !set.is_empty() {
        statements.push(format!("SET ({})", set.join(", ")));
    }
    if !reset.is_empty() {
        statements.push(format!("RESET ({})", reset.join(", ")));
    }
    statements
}

/// `name=value` as SQL takes it: a value may have to be quoted.
fn assigned(option: &str) -> String {
    match option.split_once('=') {
        Some((name, value)) => format!("{name} = {}", crate::schema::literal(value)),
        None => option.to_owned(),
    }
}

/// A list of options as a `WITH` takes it.
pub(super) fn with(list: &str) -> String {
    let all: Vec<String> = items(list).iter().map(|option| assigned(option)).collect();
    format!("({})", all.join(", "))
}

#[cfg(test)]
mod tests {
    use super::{Clauses, items, options, split};

    #[test]
    fn words_in_quotes_and_parentheses_begin_nothing() {
        let clauses = Clauses::of(
            r#"timestamp(3) with time zone collate "a default b" not null default 'x not null'::text"#,
            &["collate", "with (", "not null", "default"],
        );
        assert_eq!(clauses.get(""), Some("timestamp(3) with time zone"));
        assert_eq!(clauses.get("collate"), Some(r#""a default b""#));
        assert_eq!(clauses.get("default"), Some("'x not null'::text"));
        assert!(clauses.has("not null"));
    }

    #[test]
    fn a_list_is_cut_outside_of_parentheses() {
        assert_eq!(
            items("(a numeric(6,2), b text)"),
            ["a numeric(6,2)", "b text"]
        );
        assert_eq!(items("'a, b', 'c'"), ["'a, b'", "'c'"]);
        assert!(items("()").is_empty());
    }

    #[test]
    fn options_are_set_and_reset() {
        assert_eq!(
            options(Some("(a=1, b=2)"), Some("(a=2, c=3)")),
            ["SET (a = '1', b = '2')", "RESET (c)"]
        );
        assert!(options(None, None).is_empty());
    }

    #[test]
    fn a_quoted_dot_is_part_of_a_name() {
        assert_eq!(split(r#"audit."a.b"."c""#), (r#"audit."a.b""#, r#""c""#));
    }
}
