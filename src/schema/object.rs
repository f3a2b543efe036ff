//! What the text that names an object says of it.

/// The object that this one is a part of, and goes with: `table users` for `column users.email`.
pub fn whole(object: &str) -> Option<String> {
    if let Some(subject) = object
        .strip_prefix("comment on ")
        .or_else(|| object.strip_prefix("owner of "))
    {
        return Some(subject.to_owned());
    }
    if let Some(rest) = object.strip_prefix("privileges on ") {
        return Some(rest.rsplit_once(" for ")?.0.to_owned());
    }
    let (kind, name) = object.split_once(' ')?;
    let parts = [
        "column",
        "constraint",
        "index",
        "trigger",
        "policy",
        "rule",
        "statistics",
    ];
    let relation = parts.contains(&kind).then(|| before_last_dot(name))??;
    Some(format!("table {relation}"))
}

/// The role that has the privileges, for an object that says who may do what.
pub fn grantee(object: &str) -> Option<&str> {
    let is_about_privileges = ["privileges on ", "default privileges on "]
        .iter()
        .any(|kind| object.starts_with(kind));
    let (_, role) = is_about_privileges.then(|| object.rsplit_once(" for "))??;
    Some(role)
}

/// What stands before the last dot that is not inside of a quoted name.
fn before_last_dot(name: &str) -> Option<&str> {
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
