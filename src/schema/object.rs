//! What the text that names an object says of it.

use std::borrow::Cow;

/// What this object may be a part of, and goes with: `column users.email` with `table users`, or with the view of that
/// name, since the text of a part does not say which kind the whole is. Two of them never share a name.
pub fn wholes(object: &str) -> Vec<String> {
    if let Some(subject) = subject(object) {
        return vec![subject.to_owned()];
    }
    if let Some(column) = object.strip_prefix("sequence of ") {
        return vec![column.to_owned()];
    }
    if let Some(column) = object.strip_prefix("not null constraint ") {
        return vec![format!("column {column}")];
    }
    let parts = [
        "column",
        "constraint",
        "index",
        "trigger",
        "policy",
        "rule",
        "statistics",
    ];
    let Some((kind, name)) = object.split_once(' ') else {
        return Vec::new();
    };
    let Some(whole) = before_last_dot(name).filter(|_| parts.contains(&kind)) else {
        return in_another(object).into_iter().collect();
    };
    ["table", "view", "materialized view", "domain", "type"]
        .iter()
        .map(|kind| format!("{kind} {whole}"))
        .collect()
}

/// What a comment, an owner, privileges and the like are of.
fn subject(object: &str) -> Option<&str> {
    let about = |prefix: &str, before: &str| {
        let rest = object.strip_prefix(prefix)?;
        split_at_last(rest, before).map(|(subject, _)| subject)
    };
    object
        .strip_prefix("comment on ")
        .or_else(|| object.strip_prefix("owner of "))
        .or_else(|| about("privileges on ", " for "))
        .or_else(|| about("security label on ", " by "))
        .or_else(|| about("dependency of ", " on extension "))
}

/// What something is in that is no table: a table in a publication, a user mapping of a server.
fn in_another(object: &str) -> Option<String> {
    let places = [
        ("published ", " in publication ", "publication "),
        ("user mapping for ", " on server ", "server "),
    ];
    places.iter().find_map(|(kind, word, whole)| {
        let (_, name) = split_at_last(object.strip_prefix(kind)?, word)?;
        Some(format!("{whole}{name}"))
    })
}

/// What an object may be a part of, where `definition` knows those of the schema that it is in.
pub(crate) fn above<'a>(object: &str, definition: impl Fn(&str) -> Option<&'a str>) -> Vec<String> {
    match definition(object).and_then(|definition| owning_table(object, definition)) {
        Some(table) => vec![table],
        None => wholes(object),
    }
}

/// The table that this sequence goes with, since a column of it owns the sequence.
fn owning_table(object: &str, definition: &str) -> Option<String> {
    object.strip_prefix("sequence ")?;
    let (_, column) = definition.split_once(" owned by ")?;
    before_last_dot(column).map(|table| format!("table {table}"))
}

/// The role that has the privileges, for an object that says who may do what.
pub fn grantee(object: &str) -> Option<&str> {
    let is_about_privileges = ["privileges on ", "default privileges on "]
        .iter()
        .any(|kind| object.starts_with(kind));
    let (_, role) = is_about_privileges.then(|| split_at_last(object, " for "))??;
    Some(role)
}

/// An object and its definition as they read in a database where this role owns the schema; none where they say nothing
/// there. A role that a migration names may be the one that runs it.
pub(crate) fn seen_by<'a>(
    owner: &str,
    object: &'a str,
    definition: &'a str,
) -> Option<(Cow<'a, str>, Cow<'a, str>)> {
    if object.starts_with("owner of ") && definition == owner {
        return None;
    }
    if object.starts_with("privileges on ") && grantee(object) == Some(owner) {
        return None;
    }
    if object.starts_with("default privileges on ") {
        let (maker, role) = makers(object)?;
        let named = |role| if role == owner { "owner" } else { role };
        if named(maker) == named(role) {
            return None;
        }
        let head = object.strip_suffix(&format!("{maker} for {role}"))?;
        let object = format!("{head}{} for {}", named(maker), named(role));
        return Some((object.into(), definition.into()));
    }
    if object.starts_with("policy ") {
        return Some((object.into(), policy_seen_by(owner, definition)));
    }
    Some((object.into(), definition.into()))
}

/// Whose objects get the default privileges, and who gets them.
fn makers(object: &str) -> Option<(&str, &str)> {
    let (rest, role) = split_at_last(object, " for ")?;
    let (_, maker) = split_at_last(rest, " by ")?;
    Some((maker, role))
}

/// The roles of a policy, in order, with `owner` for one of them.
fn policy_seen_by<'a>(owner: &str, definition: &'a str) -> Cow<'a, str> {
    let Some((head, rest)) = definition.split_once(" to ") else {
        return definition.into();
    };
    let end = [" using (", " with check ("]
        .iter()
        .filter_map(|word| places(rest, word).next())
        .min()
        .unwrap_or(rest.len());
    let (list, tail) = rest.split_at(end);
    let mut roles = Vec::new();
    let mut start = 0;
    for at in places(list, ", ").chain([list.len()]) {
        let role = &list[start..at];
        roles.push(if role == owner { "owner" } else { role });
        start = at + 2;
    }
    roles.sort_unstable();
    format!("{head} to {}{tail}", roles.join(", ")).into()
}

/// What is before the last dot that is not inside of a quoted name.
pub(crate) fn before_last_dot(name: &str) -> Option<&str> {
    split_at_last(name, ".").map(|(before, _)| before)
}

/// What is before and behind the last of these words that is not inside of a quoted name: a name may hold any words.
pub(crate) fn split_at_last<'a>(text: &'a str, words: &str) -> Option<(&'a str, &'a str)> {
    let at = places(text, words).last()?;
    Some((&text[..at], &text[at + words.len()..]))
}

/// Where these words are, but for inside of quoted names.
fn places<'a>(text: &'a str, words: &'a str) -> impl Iterator<Item = usize> + use<'a> {
    let (mut from, mut is_quoted) = (0, false);
    text.match_indices(words).filter_map(move |(at, _)| {
        let quotes = text[from..at].matches('"').count();
        is_quoted ^= quotes % 2 == 1;
        from = at;
        (!is_quoted).then_some(at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_inside_of_a_name_say_nothing() {
        let object = r#"privileges on table "a for b" for "c for d""#;
        assert_eq!(grantee(object), Some(r#""c for d""#));
        assert_eq!(wholes(object), [r#"table "a for b""#]);
        assert_eq!(before_last_dot(r#""a.b".c."d.e""#), Some(r#""a.b".c"#));
        let policy = r#"for ALL to "x, y", "z using (", named using (true)"#;
        assert_eq!(
            policy_seen_by("named", policy),
            r#"for ALL to "x, y", "z using (", owner using (true)"#
        );
    }
}
