//! What may differ without standing in the way, and the SQL that brings it into line: privileges, owners, comments.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::history::quote;
use crate::schema::{Difference, literal, split_at_last};
use crate::verify::unquoted;

/// A difference, and the SQL that would end it, for a session whose `search_path` has public first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Beside {
    /// What differs.
    #[serde(flatten)]
    pub difference: Difference,
    /// The statements; none where that cannot be said of such an object.
    pub sql: Option<String>,
}

/// Whether a difference is of this kind. An extension that is not installed is: what of the schema needs it could not be
/// there without it.
pub(super) fn is_beside(difference: &Difference) -> bool {
    let kinds = [
        "privileges on ",
        "default privileges on ",
        "owner of ",
        "comment on ",
        "security label on ",
    ];
    let object = difference.object();
    let is_absent = matches!(difference, Difference::Absent { .. });
    kinds.iter().any(|kind| object.starts_with(kind))
        || is_absent && object.starts_with("extension ")
}

impl Beside {
    /// With its SQL. `owner` is the role for which the objects are made, `database` the name of the database.
    pub(super) fn new(difference: Difference, owner: &str, database: &str) -> Self {
        let sql = Writer { owner, database }.sql(&difference);
        Self { difference, sql }
    }
}

/// What the SQL is made with.
struct Writer<'a> {
    owner: &'a str,
    database: &'a str,
}

impl Writer<'_> {
    fn sql(&self, difference: &Difference) -> Option<String> {
        let (object, expected) = match difference {
            Difference::Absent { object, expected }
            | Difference::Different {
                object, expected, ..
            } => (object, Some(expected.as_str())),
            Difference::Extra { object, .. } => (object, None),
        };
        let found = difference.found();
        if let Some(extension) = object.strip_prefix("extension ") {
            let schema = expected?.strip_prefix("in schema ")?;
            return Some(format!(
                "CREATE EXTENSION {extension} WITH SCHEMA {schema};"
            ));
        }
        if let Some(subject) = object.strip_prefix("comment on ") {
            let comment = expected.map_or_else(|| "NULL".to_owned(), literal);
            let subject = self.commented(subject)?;
            return Some(format!("COMMENT ON {subject} IS {comment};"));
        }
        if let Some(subject) = object.strip_prefix("security label on ") {
            let (subject, provider) = split_at_last(subject, " by ")?;
            let label = expected.map_or_else(|| "NULL".to_owned(), literal);
            let subject = self.commented(subject)?;
            return Some(format!(
                "SECURITY LABEL FOR {provider} ON {subject} IS {label};"
            ));
        }
        if let Some(subject) = object.strip_prefix("owner of ") {
            let (kind, name) = kind_and_name(subject)?;
            let role = self.named(expected.unwrap_or("owner"));
            return Some(format!("ALTER {kind} {name} OWNER TO {role};"));
        }
        if let Some(subject) = object.strip_prefix("default privileges on ") {
            return self.default_privileges(subject, expected, found);
        }
        self.privileges(object.strip_prefix("privileges on ")?, expected, found)
    }

    fn default_privileges(
        &self,
        subject: &str,
        expected: Option<&str>,
        found: Option<&str>,
    ) -> Option<String> {
        let (subject, role) = split_at_last(subject, " for ")?;
        let (subject, maker) = split_at_last(subject, " by ")?;
        let (kind, schema) = ["large objects", "parameters"]
            .iter()
            .find_map(|kind| Some((*kind, subject.strip_prefix(kind)?.trim_start())))
            .or_else(|| subject.split_once(' '))
            .unwrap_or((subject, ""));
        let usual = if schema.is_empty() {
            usual(kind, role)
        } else {
            ""
        };
        let grant = Grant {
            head: format!(
                "ALTER DEFAULT PRIVILEGES FOR ROLE {} {}",
                self.named(maker),
                schema.replace("in schema", "IN SCHEMA")
            ),
            column: None,
            on: kind.to_uppercase(),
            role: self.named(role),
        };
        Some(grant.statements(expected.unwrap_or(usual), found.unwrap_or(usual)))
    }

    fn privileges(
        &self,
        subject: &str,
        expected: Option<&str>,
        found: Option<&str>,
    ) -> Option<String> {
        let (subject, role) = split_at_last(subject, " for ")?;
        if let Some(column) = subject.strip_prefix("sequence of column ") {
            let role = self.named(role);
            return of_identity(column, &role, expected.unwrap_or(""), found.unwrap_or(""));
        }
        let (column, on) = self.granted(subject)?;
        if role == "owner" {
            return Some(self.privileges_of_owner(column, on, expected, found));
        }
        let usual = usual(subject, role);
        let grant = Grant {
            head: String::new(),
            column,
            on,
            role: self.named(role),
        };
        // What is not listed may be what PUBLIC has before PostgreSQL 15, too.
        let is_public = subject == "schema public" && role == "PUBLIC";
        let may_be = if is_public && !list(expected.unwrap_or(usual)).contains_key("CREATE") {
            "CREATE, USAGE"
        } else {
            usual
        };
        Some(grant.statements(expected.unwrap_or(usual), found.unwrap_or(may_be)))
    }

    /// What the owner of an object may do is all where it is not listed.
    fn privileges_of_owner(
        &self,
        column: Option<&str>,
        on: String,
        expected: Option<&str>,
        found: Option<&str>,
    ) -> String {
        let owner = self.owner;
        match (expected, found) {
            (None, _) => format!("GRANT ALL ON {on} TO {owner};"),
            (Some(expected), Some(found)) => {
                let grant = Grant {
                    head: String::new(),
                    column,
                    on,
                    role: owner.to_owned(),
                };
                grant.statements(expected, found)
            }
            (Some("none"), None) => format!("REVOKE ALL ON {on} FROM {owner};"),
            (Some(expected), None) => {
                format!("REVOKE ALL ON {on} FROM {owner};\nGRANT {expected} ON {on} TO {owner};")
            }
        }
    }

    /// A role as SQL names it. The reader writes `owner` for the one that the objects are made for.
    fn named(&self, role: &str) -> String {
        match role {
            "owner" => self.owner.to_owned(),
            role => role.to_owned(),
        }
    }

    /// What stands behind ON in a GRANT, and the column that stands before it.
    fn granted<'s>(&self, subject: &'s str) -> Option<(Option<&'s str>, String)> {
        if subject == "database" {
            return Some((None, format!("DATABASE {}", quote(self.database))));
        }
        if let Some(column) = subject.strip_prefix("column ") {
            let (relation, column) = split_at_last(column, ".")?;
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
    fn commented(&self, subject: &str) -> Option<String> {
        if subject == "database" {
            return Some(format!("DATABASE {}", quote(self.database)));
        }
        commented(subject)
    }
}

/// Of the sequence of an identity column, whose name the database alone knows.
fn of_identity(column: &str, role: &str, expected: &str, found: &str) -> Option<String> {
    let (table, column) = split_at_last(column, ".")?;
    let grant = Grant {
        head: String::new(),
        column: None,
        on: "SEQUENCE %s".to_owned(),
        role: role.replace('%', "%%"),
    };
    let statements = grant.statements(expected, found);
    let statements = statements.lines().map(|statement| {
        let body = format!(
            "BEGIN EXECUTE format({}, pg_get_serial_sequence({}, {})); END",
            literal(statement.trim_end_matches(';')),
            literal(table),
            literal(&unquoted(column)),
        );
        format!("DO {};", literal(&body))
    });
    Some(statements.collect::<Vec<_>>().join("\n"))
}

/// What everybody may do where nothing was granted; `subject` begins with the kind of an object.
fn usual(subject: &str, role: &str) -> &'static str {
    if role != "PUBLIC" {
        return "";
    }
    match subject.split(' ').next().unwrap_or_default() {
        "function" | "procedure" | "aggregate" | "functions" => "EXECUTE",
        "enum" | "domain" | "range" | "type" | "types" => "USAGE",
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
    /// The statements from one list of privileges to another.
    fn statements(&self, expected: &str, found: &str) -> String {
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
        let statements: Vec<String> = statements.into_iter().flatten().collect();
        statements.join("\n")
    }

    fn statement(
        &self,
        privileges: &[&str],
        verb: &str,
        preposition: &str,
        after: &str,
    ) -> Option<String> {
        if privileges.is_empty() {
            return None;
        }
        let of_column = self.column.map(|column| format!(" ({column})"));
        let of_column = of_column.unwrap_or_default();
        let privileges = privileges.iter().map(|one| format!("{one}{of_column}"));
        let privileges = privileges.collect::<Vec<_>>().join(", ");
        let Self { head, on, role, .. } = self;
        let head = head.trim_end();
        let text = format!("{head} {verb}{privileges} ON {on} {preposition} {role}{after};");
        Some(text.trim_start().to_owned())
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
            let (relation, name) = split_at_last(name, ".")?;
            return Some(format!("{kind} {name} ON {relation}"));
        }
    }
    if let Some(column) = subject.strip_prefix("column ") {
        return Some(format!("COLUMN {column}"));
    }
    if let Some(index) = subject.strip_prefix("index ") {
        let (relation, index) = split_at_last(index, ".")?;
        // An index is in the schema of its table.
        let schema = split_at_last(relation, ".").map(|(schema, _)| format!("{schema}."));
        return Some(format!("INDEX {}{index}", schema.unwrap_or_default()));
    }
    let (kind, name) = kind_and_name(subject)?;
    Some(format!("{kind} {name}"))
}

/// The kind of an object as statements spell it, and its name.
fn kind_and_name(subject: &str) -> Option<(&'static str, &str)> {
    if subject.starts_with("sequence of column ") {
        return None;
    }
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
        ("language ", "LANGUAGE"),
        ("foreign data wrapper ", "FOREIGN DATA WRAPPER"),
        ("server ", "SERVER"),
        ("collation ", "COLLATION"),
        ("conversion ", "CONVERSION"),
        ("text search configuration ", "TEXT SEARCH CONFIGURATION"),
        ("text search dictionary ", "TEXT SEARCH DICTIONARY"),
        ("text search parser ", "TEXT SEARCH PARSER"),
        ("text search template ", "TEXT SEARCH TEMPLATE"),
        ("access method ", "ACCESS METHOD"),
        ("publication ", "PUBLICATION"),
        ("subscription ", "SUBSCRIPTION"),
        ("extension ", "EXTENSION"),
    ];
    kinds
        .iter()
        .find_map(|(word, kind)| Some((*kind, subject.strip_prefix(word)?)))
}
