//! What the text that names an object says of it.

use std::borrow::Cow;

/// What this object may be a part of, and goes with: `column users.email` with `table users`, or with the view of that
/// name, since the text of a part does not say which kind the whole is. Two of them never share a name.
pub fn wholes(object: &str) -> Vec<String> {
    if let Some(subject) = object
        .strip_prefix("comment on ")
        .or_else(|| object.strip_prefix("owner of "))
    {
        return vec![subject.to_owned()];
    }
    if let Some(rest) = object.strip_prefix("privileges on ") {
        let subject = rest.rsplit_once(" for ").map(|(subject, _)| subject);
        return subject.map(str::to_owned).into_iter().collect();
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
        return Vec::new();
    };
    ["table", "view", "materialized view", "domain", "type"]
        .iter()
        .map(|kind| format!("{kind} {whole}"))
        .collect()
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
