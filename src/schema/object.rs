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
        rest.rsplit_once(before).map(|(subject, _)| subject)
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
        ("table ", " in publication ", "publication "),
        ("schema ", " in publication ", "publication "),
        ("user mapping for ", " on server ", "server "),
    ];
    places.iter().find_map(|(kind, word, whole)| {
        let (_, name) = object.strip_prefix(kind)?.rsplit_once(word)?;
        Some(format!("{whole}{name}"))
    })
}

/// What an object may be a part of, where `definition` knows those of the schema that it is in.
pub(super) fn above<'a>(object: &str, definition: impl Fn(&str) -> Option<&'a str>) -> Vec<String> {
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
    let (_, role) = is_about_privileges.then(|| object.rsplit_once(" for "))??;
    Some(role)
}

/// An object and its definition as they read in a database where this role owns the schema; none where they say nothing
/// there. A role that a migration names may be the one that runs it.
pub(super) fn seen_by<'a>(
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
    let (rest, role) = object.rsplit_once(" for ")?;
    let (_, maker) = rest.rsplit_once(" by ")?;
    Some((maker, role))
}

/// The roles of a policy, in order, with `owner` for one of them.
fn policy_seen_by<'a>(owner: &str, definition: &'a str) -> Cow<'a, str> {
    let Some((head, rest)) = definition.split_once(" to ") else {
        return definition.into();
    };
    let end = [" using (", " with check ("]
        .iter()
        .filter_map(|word| rest.find(word))
        .min()
        .unwrap_or(rest.len());
    let (roles, tail) = rest.split_at(end);
    let mut roles: Vec<&str> = roles
        .split(", ")
        .map(|role| if role == owner { "owner" } else { role })
        .collect();
    roles.sort_unstable();
    format!("{head} to {}{tail}", roles.join(", ")).into()
}

/// What stands before the last dot that is not inside of a quoted name.
pub(crate) fn before_last_dot(name: &str) -> Option<&str> {
    let mut quoted = false;
    let mut dot = None;
    for (at, c) in name.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '.' if !quoted => dot = Some(at),
            _ => {}
        }
    }
    dot.map(|at| &name[..at])
}
