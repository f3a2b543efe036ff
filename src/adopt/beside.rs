//! What may differ without standing in the way, and the SQL that brings it into line: privileges, owners, comments.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::schema::{Difference, literal};

/// A difference, and the SQL that would end it, for a session whose `search_path` has public first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Beside {
    /// What differs.
    #[serde(flatten)]
    pub difference: Difference,
    /// The statements; none where that cannot be said of such an object.
    pub sql: Option<String>,
}

/// Whether a difference is of this kind.
pub(super) fn is_beside(difference: &Difference) -> bool {
    let kinds = [
        "privileges on ",
        "default privileges on ",
        "owner of ",
        "comment on ",
    ];
    kinds
        .iter()
        .any(|kind| difference.object().starts_with(kind))
}

impl Beside {
    /// With its SQL. `owner` is the role for which the objects are made.
    pub(super) fn new(difference: Difference, owner: &str) -> Self {
        let sql = sql(&difference, owner);
        Self { difference, sql }
    }
}

fn sql(difference: &Difference, owner: &str) -> Option<String> {
    let (object, expected) = match difference {
        Difference::Absent { object, expected }
        | Difference::Different {
            object, expected, ..
        } => (object, Some(expected.as_str())),
        Difference::Extra { object, .. } => (object, None),
    };
    if let Some(subject) = object.strip_prefix("comment on ") {
        let comment = expected.map_or_else(|| "NULL".to_owned(), literal);
        return Some(format!("COMMENT ON {} IS {comment};", commented(subject)?));
    }
    if let Some(subject) = object.strip_prefix("owner of ") {
        let (kind, name) = kind_and_name(subject)?;
        let role = named(expected.unwrap_or("owner"), owner);
        return Some(format!("ALTER {kind} {name} OWNER TO {role};"));
    }
    let found = difference.found();
    if let Some(subject) = object.strip_prefix("default privileges on ") {
        let (subject, role) = subject.rsplit_once(" for ")?;
        let (subject, maker) = subject.rsplit_once(" by ")?;
        let (kind, schema) = subject.split_once(' ').unwrap_or((subject, ""));
        let maker = named(maker, owner);
        let head = format!(
            "ALTER DEFAULT PRIVILEGES FOR ROLE {maker} {}",
            schema.replace("in schema", "IN SCHEMA")
        );
        let usual = if schema.is_empty() {
            usual(kind, role)
        } else {
            ""
        };
        let on = format!("ON {}", kind.to_uppercase());
        return Some(grants(
            head.trim_end(),
            &on,
            &named(role, owner),
            expected.unwrap_or(usual),
            found.unwrap_or(usual),
        ));
    }
    let (subject, role) = object
        .strip_prefix("privileges on ")?
        .rsplit_once(" for ")?;
    let (kind, _) = subject.split_once(' ').unwrap_or((subject, ""));
    // What the owner of an object may do by himself is all.
    if role == "owner" {
        let (_, on) = granted(subject)?;
        return expected
            .is_none()
            .then(|| format!("GRANT ALL ON {on} TO {owner};"));
    }
    let usual = usual(kind, role);
    let (column, on) = granted(subject)?;
    let sql = grants(
        "",
        &format!("ON {on}"),
        &named(role, owner),
        expected.unwrap_or(usual),
        found.unwrap_or(usual),
    );
    Some(match column {
        Some(column) => sql.replace(" ON ", &format!(" ({column}) ON ")),
        None => sql,
    })
}

/// A role as SQL names it. The reader writes `owner` for the one that the objects are made for.
fn named(role: &str, owner: &str) -> String {
    match role {
        "owner" => owner.to_owned(),
        role => role.to_owned(),
    }
}

/// What everybody may do where nothing was granted.
fn usual(kind: &str, role: &str) -> &'static str {
    match (kind, role) {
        ("function" | "procedure" | "aggregate" | "functions", "PUBLIC") => "EXECUTE",
        ("enum" | "domain" | "range" | "type" | "types", "PUBLIC") => "USAGE",
        _ => "",
    }
}

/// The statements from one list of privileges to another.
fn grants(head: &str, on: &str, role: &str, expected: &str, found: &str) -> String {
    let (expected, found) = (list(expected), list(found));
    let differing = |wanted: &dyn Fn(Option<&bool>, Option<&bool>) -> bool| -> Vec<&str> {
        let mut all: Vec<&str> = expected.keys().chain(found.keys()).copied().collect();
        all.sort_unstable();
        all.dedup();
        all.retain(|one| wanted(expected.get(one), found.get(one)));
        all
    };
    let revoked = differing(&|should, is| should.is_none() && is.is_some());
    let not_passed_on = differing(&|should, is| should == Some(&false) && is == Some(&true));
    let granted = differing(&|should, is| should == Some(&false) && is.is_none());
    let passed_on = differing(&|should, is| should == Some(&true) && is != Some(&true));
    let statement = |privileges: Vec<&str>, before: &str, word: &str, after: &str| {
        if privileges.is_empty() {
            return None;
        }
        let privileges = privileges.join(", ");
        let text = format!("{head} {before}{privileges} {on} {word} {role}{after};");
        Some(text.trim_start().to_owned())
    };
    let statements = [
        statement(revoked, "REVOKE ", "FROM", ""),
        statement(not_passed_on, "REVOKE GRANT OPTION FOR ", "FROM", ""),
        statement(granted, "GRANT ", "TO", ""),
        statement(passed_on, "GRANT ", "TO", " WITH GRANT OPTION"),
    ];
    statements
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join("\n")
}

/// Privileges as the reader lists them, each with whether it may be passed on.
fn list(text: &str) -> BTreeMap<&str, bool> {
    let all = text
        .split(", ")
        .filter(|one| !one.is_empty() && *one != "none");
    all.map(|one| match one.strip_suffix('*') {
        Some(one) => (one, true),
        None => (one, false),
    })
    .collect()
}

/// What stands behind ON in a GRANT, and the column that stands before it.
fn granted(subject: &str) -> Option<(Option<&str>, String)> {
    if let Some(column) = subject.strip_prefix("column ") {
        let (relation, column) = split(column)?;
        return Some((Some(column), format!("TABLE {relation}")));
    }
    let (kind, name) = kind_and_name(subject)?;
    let kind = match kind {
        "VIEW" | "MATERIALIZED VIEW" => "TABLE",
        "AGGREGATE" => "FUNCTION",
        kind => kind,
    };
    Some((None, format!("{kind} {name}")))
}

/// What stands behind COMMENT ON.
fn commented(subject: &str) -> Option<String> {
    let parts = [
        ("constraint ", "CONSTRAINT"),
        ("trigger ", "TRIGGER"),
        ("policy ", "POLICY"),
        ("rule ", "RULE"),
    ];
    for (word, kind) in parts {
        if let Some(name) = subject.strip_prefix(word) {
            let (relation, name) = split(name)?;
            return Some(format!("{kind} {name} ON {relation}"));
        }
    }
    if let Some(column) = subject.strip_prefix("column ") {
        return Some(format!("COLUMN {column}"));
    }
    if let Some(index) = subject.strip_prefix("index ") {
        let (relation, index) = split(index)?;
        // An index is in the schema of its table.
        let schema = split(relation).map(|(schema, _)| format!("{schema}."));
        return Some(format!("INDEX {}{index}", schema.unwrap_or_default()));
    }
    let (kind, name) = kind_and_name(subject)?;
    Some(format!("{kind} {name}"))
}

/// The kind of an object as statements spell it, and its name.
fn kind_and_name(subject: &str) -> Option<(&'static str, &str)> {
    let kinds = [
        ("materialized view ", "MATERIALIZED VIEW"),
        ("event trigger ", "EVENT TRIGGER"),
        ("table ", "TABLE"),
        ("view ", "VIEW"),
        ("sequence ", "SEQUENCE"),
        ("function ", "FUNCTION"),
        ("procedure ", "PROCEDURE"),
        ("aggregate ", "AGGREGATE"),
        ("domain ", "DOMAIN"),
        ("enum ", "TYPE"),
        ("range ", "TYPE"),
        ("type ", "TYPE"),
        ("schema ", "SCHEMA"),
    ];
    kinds
        .iter()
        .find_map(|(word, kind)| Some((*kind, subject.strip_prefix(word)?)))
}

/// A name before and behind its last dot that is not inside of quotes.
fn split(name: &str) -> Option<(&str, &str)> {
    let mut quoted = false;
    let dots = name.char_indices().filter(|(_, c)| {
        quoted ^= *c == '"';
        *c == '.' && !quoted
    });
    let (dot, _) = dots.last()?;
    Some((&name[..dot], &name[dot + 1..]))
}
