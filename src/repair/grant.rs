//! Privileges, default privileges, owners and comments: what is about another object.

use std::collections::BTreeMap;

use super::Site;
use super::clause::{beside, split};
use super::kind::Named;
use super::step::{Change, Made, Step, step};
use crate::history::quote;
use crate::schema::{literal, split_at_last};
use crate::source::TableLock::{AccessExclusive, ShareUpdateExclusive};

/// It is absent.
pub(super) fn set(site: &Site<'_>, one: Named<'_>) -> Made {
    made(site, one.object, Some(one.text), None)
}

/// It is another.
pub(super) fn change(site: &Site<'_>, one: Named<'_>, found: &str) -> Change {
    Change::Steps(made(site, one.object, Some(one.text), Some(found)))
}

/// It is extra.
pub(super) fn unset(site: &Site<'_>, one: Named<'_>) -> Made {
    made(site, one.object, None, Some(one.text))
}

fn made(site: &Site<'_>, object: &str, expected: Option<&str>, found: Option<&str>) -> Made {
    let unknown = || "no SQL is generated for what is about objects of its kind".to_owned();
    if let Some(subject) = object.strip_prefix("comment on ") {
        return Ok(vec![comment(site, subject, expected).ok_or_else(unknown)?]);
    }
    if let Some(subject) = object.strip_prefix("owner of ") {
        return Ok(vec![
            owner(site, subject, expected.unwrap_or("owner")).ok_or_else(unknown)?,
        ]);
    }
    let found = found.filter(|_| !site.created.contains(object));
    if let Some(subject) = object.strip_prefix("default privileges on ") {
        return default_privileges(site, subject, expected, found).ok_or_else(unknown);
    }
    let subject = object.strip_prefix("privileges on ").unwrap_or_default();
    if let Some(column) = subject.strip_prefix("sequence of column ") {
        return Err(format!(
            "the name of the sequence is not sealed: grant on the one that pg_get_serial_sequence() names for {}",
            split_at_last(column, " for ").map_or(column, |(column, _)| column)
        ));
    }
    privileges(site, subject, expected, found).ok_or_else(unknown)
}

fn comment(site: &Site<'_>, subject: &str, text: Option<&str>) -> Option<Step> {
    let text = text.map_or_else(|| "NULL".to_owned(), literal);
    let step = step(format!(
        "COMMENT ON {} IS {text}",
        commented(site, subject)?
    ));
    let relation = ["column ", "constraint ", "trigger ", "policy ", "rule "]
        .iter()
        .find_map(|kind| Some(split(subject.strip_prefix(kind)?).0));
    let relation = relation.or_else(|| subject.strip_prefix("table "));
    Some(match relation {
        Some(relation) if site.table(relation).is_some() => {
            step.lock(relation, ShareUpdateExclusive)
        }
        _ => step,
    })
}

/// `ALTER ... OWNER TO`.
pub(super) fn owner(site: &Site<'_>, subject: &str, role: &str) -> Option<Step> {
    let (kind, name) = kind_and_name(subject)?;
    let (_, own) = super::kind::of(subject)?;
    let name = if subject.starts_with("statistics ") {
        super::part::statistics(site, own).1
    } else {
        name.to_owned()
    };
    let step = step(format!("ALTER {kind} {name} OWNER TO {}", site.role(role)));
    let is_relation = matches!(kind, "TABLE" | "VIEW" | "MATERIALIZED VIEW" | "SEQUENCE");
    Some(if is_relation {
        step.lock(&name, AccessExclusive)
    } else {
        step
    })
}

fn default_privileges(
    site: &Site<'_>,
    subject: &str,
    expected: Option<&str>,
    found: Option<&str>,
) -> Option<Vec<Step>> {
    let (subject, role) = split_at_last(subject, " for ")?;
    let (subject, maker) = split_at_last(subject, " by ")?;
    let (kind, schema) = match split_at_last(subject, " in schema ") {
        Some((kind, schema)) => (kind, format!(" IN SCHEMA {schema}")),
        None => (subject, String::new()),
    };
    // Within a schema they are added to the usual ones.
    let usual = if schema.is_empty() {
        usual(kind, role)
    } else {
        ""
    };
    let grant = Grant {
        head: format!(
            "ALTER DEFAULT PRIVILEGES FOR ROLE {}{schema} ",
            site.role(maker)
        ),
        column: None,
        on: kind.to_uppercase(),
        role: site.role(role).to_owned(),
    };
    Some(grant.statements(expected.unwrap_or(usual), found.unwrap_or(usual)))
}

fn privileges(
    site: &Site<'_>,
    subject: &str,
    expected: Option<&str>,
    found: Option<&str>,
) -> Option<Vec<Step>> {
    let (subject, role) = split_at_last(subject, " for ")?;
    let (column, on) = granted(site, subject)?;
    let grant = Grant {
        head: String::new(),
        column,
        on,
        role: site.role(role).to_owned(),
    };
    let of_column = column
        .map(|column| format!(" ({column})"))
        .unwrap_or_default();
    if role == "owner" && column.is_none() {
        return Some(grant.of_owner(expected));
    }
    let usual = usual(subject, role);
    let mut steps = Vec::new();
    let is_given = site.created.contains(subject) && site.given(subject).contains(role);
    if is_given {
        let (on, role) = (&grant.on, &grant.role);
        steps.push(step(format!("REVOKE ALL{of_column} ON {on} FROM {role}")));
    }
    let start = if is_given { "none" } else { usual };
    steps.extend(grant.statements(expected.unwrap_or(usual), found.unwrap_or(start)));
    Some(steps)
}

/// What the default privileges give on an object that is created now, and is not sealed, is taken away again.
pub(super) fn ungiven(site: &Site<'_>, object: &str) -> Vec<Step> {
    let all = site.given(object).into_iter();
    let unsealed = all.filter(|role| {
        !site
            .expected
            .contains_key(&format!("privileges on {object} for {role}"))
    });
    let taken =
        unsealed.filter_map(|role| privileges(site, &format!("{object} for {role}"), None, None));
    taken.flatten().collect()
}

/// What default privileges are on, for an object.
pub(super) fn plural(object: &str) -> Option<&'static str> {
    let kinds = [
        ("table ", "tables"),
        ("view ", "tables"),
        ("materialized view ", "tables"),
        ("sequence ", "sequences"),
        ("function ", "functions"),
        ("procedure ", "functions"),
        ("aggregate ", "functions"),
        ("enum ", "types"),
        ("domain ", "types"),
        ("range ", "types"),
        ("type ", "types"),
        ("schema ", "schemas"),
    ];
    kinds
        .iter()
        .find_map(|(word, plural)| object.starts_with(word).then_some(*plural))
}

/// What everybody may do where nothing was granted; `subject` begins with the kind of an object.
fn usual(subject: &str, role: &str) -> &'static str {
    if role != "PUBLIC" {
        return "";
    }
    match subject.split(' ').next().unwrap_or_default() {
        "function" | "procedure" | "aggregate" | "functions" => "EXECUTE",
        "enum" | "domain" | "range" | "type" | "types" | "language" => "USAGE",
        "database" => "CONNECT, TEMPORARY",
        // As the reader has it: a schema public as in a new database is not listed.
        "schema" if subject == "schema public" => "USAGE",
        _ => "",
    }
}

/// What statements that grant and revoke have in common.
struct Grant<'a> {
    /// What stands before them.
    head: String,
    /// The column that it is about, of a table.
    column: Option<&'a str>,
    /// On what.
    on: String,
    /// To whom.
    role: String,
}

impl Grant<'_> {
    /// What an owner may do is all, unless something is said of it.
    fn of_owner(&self, expected: Option<&str>) -> Vec<Step> {
        let Self { on, role, .. } = self;
        let all = step(format!("GRANT ALL ON {on} TO {role}"));
        let Some(list) = expected else {
            return vec![all];
        };
        let mut steps = vec![step(format!("REVOKE ALL ON {on} FROM {role}"))];
        if list != "none" {
            steps.push(step(format!("GRANT {list} ON {on} TO {role}")));
        }
        steps
    }

    /// The statements from one list of privileges to another.
    fn statements(&self, expected: &str, found: &str) -> Vec<Step> {
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
        let statements = [
            self.statement(&revoked, "REVOKE ", "FROM", ""),
            self.statement(&not_passed_on, "REVOKE GRANT OPTION FOR ", "FROM", ""),
            self.statement(&granted, "GRANT ", "TO", ""),
            self.statement(&passed_on, "GRANT ", "TO", " WITH GRANT OPTION"),
        ];
        statements.into_iter().flatten().collect()
    }

    fn statement(
        &self,
        privileges: &[&str],
        verb: &str,
        preposition: &str,
        after: &str,
    ) -> Option<Step> {
        if privileges.is_empty() {
            return None;
        }
        let of_column = self.column.map(|column| format!(" ({column})"));
        let of_column = of_column.unwrap_or_default();
        let privileges = privileges.iter().map(|one| format!("{one}{of_column}"));
        let privileges = privileges.collect::<Vec<_>>().join(", ");
        let Self { head, on, role, .. } = self;
        Some(step(format!(
            "{head}{verb}{privileges} ON {on} {preposition} {role}{after}"
        )))
    }
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
fn granted<'s>(site: &Site<'_>, subject: &'s str) -> Option<(Option<&'s str>, String)> {
    if subject == "database" {
        return Some((None, format!("DATABASE {}", quote(site.database))));
    }
    if let Some(column) = subject.strip_prefix("column ") {
        let (relation, column) = split(column);
        return Some((Some(column), format!("TABLE {relation}")));
    }
    let (kind, name) = kind_and_name(subject)?;
    let kind = match kind {
        "VIEW" | "MATERIALIZED VIEW" => "TABLE",
        "AGGREGATE" => "FUNCTION",
        "SERVER" => "FOREIGN SERVER",
        kind => kind,
    };
    Some((None, format!("{kind} {name}")))
}

/// What stands behind COMMENT ON.
fn commented(site: &Site<'_>, subject: &str) -> Option<String> {
    if subject == "database" {
        return Some(format!("DATABASE {}", quote(site.database)));
    }
    if let Some(name) = subject.strip_prefix("constraint ") {
        let (whole, name) = split(name);
        let domain = if site.has(&format!("domain {whole}")) {
            "DOMAIN "
        } else {
            ""
        };
        return Some(format!("CONSTRAINT {name} ON {domain}{whole}"));
    }
    let parts = [
        ("trigger ", "TRIGGER"),
        ("policy ", "POLICY"),
        ("rule ", "RULE"),
    ];
    for (word, kind) in parts {
        if let Some(name) = subject.strip_prefix(word) {
            let (relation, name) = split(name);
            return Some(format!("{kind} {name} ON {relation}"));
        }
    }
    if let Some(column) = subject.strip_prefix("column ") {
        return Some(format!("COLUMN {column}"));
    }
    if let Some(index) = subject.strip_prefix("index ") {
        let (relation, index) = split(index);
        return Some(format!("INDEX {}", beside(relation, index)));
    }
    if let Some(name) = subject.strip_prefix("statistics ") {
        return Some(format!(
            "STATISTICS {}",
            super::part::statistics(site, name).1
        ));
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
        ("statistics ", "STATISTICS"),
        ("domain ", "DOMAIN"),
        ("enum ", "TYPE"),
        ("range ", "TYPE"),
        ("multirange ", "TYPE"),
        ("type ", "TYPE"),
        ("schema ", "SCHEMA"),
        ("extension ", "EXTENSION"),
        ("language ", "LANGUAGE"),
        ("collation ", "COLLATION"),
        ("conversion ", "CONVERSION"),
        ("publication ", "PUBLICATION"),
        ("subscription ", "SUBSCRIPTION"),
        ("foreign data wrapper ", "FOREIGN DATA WRAPPER"),
        ("server ", "SERVER"),
        ("operator ", "OPERATOR"),
        ("text search configuration ", "TEXT SEARCH CONFIGURATION"),
        ("text search dictionary ", "TEXT SEARCH DICTIONARY"),
    ];
    kinds
        .iter()
        .find_map(|(word, kind)| Some((*kind, subject.strip_prefix(word)?)))
}
