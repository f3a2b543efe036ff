//! What a statement makes, drops and renames, by its names.

use super::file::statement_range;
use super::words::{child, has, name};
use crate::source::Span;
use squawk_syntax::{SyntaxKind, SyntaxNode};

/// Something with a name. What belongs to a table goes with the table.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Object {
    pub(super) kind: &'static str,
    pub(super) owner: String,
    pub(super) name: String,
}

pub(super) enum Deed {
    Make(Object),
    Drop(Object),
    Rename(Object, Object),
}

pub(super) struct Step {
    pub(super) deed: Deed,
    /// `IF EXISTS`, `IF NOT EXISTS`, `OR REPLACE`: it does not mind to find it done.
    pub(super) tolerant: bool,
    /// The table that takes an index with it when it goes.
    pub(super) belongs: String,
    pub(super) temporary: bool,
    /// Where it stands in its tree.
    pub(super) span: Span,
    pub(super) said: String,
    pub(super) cure: Option<String>,
}

/// What one statement does to names; `nth` tells apart what it leaves PostgreSQL to name.
pub(super) fn steps(statement: &SyntaxNode, nth: usize) -> Vec<Step> {
    let kind = format!("{:?}", statement.kind());
    let whole = Span::of(statement_range(statement).map_or(0..0, Into::into));
    if let Some(made) = kind.strip_prefix("CREATE_") {
        return vec![make(statement, made, nth, whole)];
    }
    if statement.kind() == SyntaxKind::SELECT_INTO {
        let into = child(statement, SyntaxKind::INTO_CLAUSE);
        let table = into.as_ref().map(target).unwrap_or_default();
        let deed = Deed::Make(relation(table.clone()));
        let cure = Some("`CREATE TABLE IF NOT EXISTS ... AS`".to_owned());
        return vec![Step {
            deed,
            tolerant: false,
            belongs: String::new(),
            temporary: into.is_some_and(|into| is_temporary(&into, &table)),
            span: whole,
            said: "SELECT INTO".to_owned(),
            cure,
        }];
    }
    if let Some(dropped) = kind.strip_prefix("DROP_") {
        return drop(statement, dropped, whole);
    }
    match kind.strip_prefix("ALTER_") {
        Some(altered) => alter(statement, altered, nth),
        None => Vec::new(),
    }
}

/// Things that share one space of names are one kind.
fn class(kind: &str) -> &'static str {
    match kind {
        "TABLE" | "TABLE_AS" | "INDEX" | "VIEW" | "MATERIALIZED_VIEW" | "SEQUENCE"
        | "FOREIGN_TABLE" => "relation",
        "FUNCTION" | "PROCEDURE" | "AGGREGATE" | "ROUTINE" => "routine",
        "TYPE" | "DOMAIN" => "type",
        "ROLE" | "USER" | "GROUP" => "role",
        "TRIGGER" => "trigger",
        "POLICY" => "policy",
        "RULE" => "rule",
        "SCHEMA" => "schema",
        "EXTENSION" => "extension",
        _ => "object",
    }
}

/// The name in a node, without `ONLY` and the like.
fn target(node: &SyntaxNode) -> String {
    let path = node
        .descendants()
        .find(|node| matches!(node.kind(), SyntaxKind::PATH | SyntaxKind::PATH_REF));
    name(&path.unwrap_or_else(|| node.clone()))
}

/// The table behind `ON`.
fn on_table(statement: &SyntaxNode) -> String {
    let on = [
        SyntaxKind::ON_RELATION,
        SyntaxKind::ON_TABLE,
        SyntaxKind::RULE_ON,
        SyntaxKind::TABLE_RELATION_NAME,
    ];
    let node = on.iter().find_map(|kind| child(statement, *kind));
    node.map(|node| target(&node)).unwrap_or_default()
}

fn owner_of(class: &str, statement: &SyntaxNode) -> String {
    match class {
        "trigger" | "policy" | "rule" => on_table(statement),
        _ => String::new(),
    }
}

/// Parts of a statement that come before its name or say how it is meant.
fn is_adverb(node: &SyntaxNode) -> bool {
    use SyntaxKind as K;
    matches!(
        node.kind(),
        K::IF_EXISTS
            | K::IF_NOT_EXISTS
            | K::OR_REPLACE
            | K::TEMP
            | K::UNLOGGED
            | K::CASCADE
            | K::RESTRICT
    )
}

fn make(statement: &SyntaxNode, kind: &str, nth: usize, span: Span) -> Step {
    let class = class(kind);
    let named = statement.children().find(|node| !is_adverb(node));
    let unnamed = kind == "INDEX"
        && named
            .as_ref()
            .is_none_or(|node| node.kind() != SyntaxKind::INDEX);
    let object = if unnamed {
        Object {
            kind: "unnamed index",
            owner: on_table(statement),
            name: nth.to_string(),
        }
    } else {
        Object {
            kind: class,
            owner: owner_of(class, statement),
            name: named.map(|node| target(&node)).unwrap_or_default(),
        }
    };
    let tolerant =
        has(statement, SyntaxKind::OR_REPLACE) || has(statement, SyntaxKind::IF_NOT_EXISTS);
    let belongs = if kind == "INDEX" {
        on_table(statement)
    } else {
        String::new()
    };
    let said = said(kind, "CREATE");
    let cure = if unnamed {
        Some("a name and `IF NOT EXISTS`".to_owned())
    } else {
        cure(kind)
    };
    Step {
        temporary: is_temporary(statement, &object.name),
        deed: Deed::Make(object),
        tolerant,
        belongs,
        span,
        said,
        cure,
    }
}

/// Whether what is made ends with the session at the latest.
fn is_temporary(node: &SyntaxNode, name: &str) -> bool {
    child(node, SyntaxKind::TEMP).is_some() || name.starts_with("pg_temp.")
}

fn said(kind: &str, verb: &str) -> String {
    format!("{verb} {}", kind.trim_end_matches("_AS").replace('_', " "))
}

fn cure(kind: &str) -> Option<String> {
    let cure = match kind {
        "TABLE" | "TABLE_AS" | "INDEX" | "SEQUENCE" | "EXTENSION" | "SCHEMA"
        | "MATERIALIZED_VIEW" | "FOREIGN_TABLE" | "STATISTICS" | "COLLATION" | "SERVER"
        | "USER_MAPPING" => "`IF NOT EXISTS`".to_owned(),
        "FUNCTION" | "PROCEDURE" | "VIEW" | "RULE" | "AGGREGATE" => "`OR REPLACE`".to_owned(),
        "ROLE" | "USER" | "GROUP" | "DATABASE" | "TABLESPACE" | "SUBSCRIPTION" => return None,
        _ => format!("`DROP {} IF EXISTS` before it", kind.replace('_', " ")),
    };
    Some(cure)
}

fn drop(statement: &SyntaxNode, kind: &str, span: Span) -> Vec<Step> {
    if kind == "OWNED" {
        return Vec::new();
    }
    let class = class(kind);
    let tolerant = has(statement, SyntaxKind::IF_EXISTS);
    let owner = owner_of(class, statement);
    let is_name = |node: &SyntaxNode| {
        !is_adverb(node) && !matches!(node.kind(), SyntaxKind::ON_RELATION | SyntaxKind::ON_TABLE)
    };
    let names = statement.children().filter(is_name).flat_map(|node| {
        let is_list = format!("{:?}", node.kind()).ends_with("SIG_LIST");
        if is_list {
            node.children().collect()
        } else {
            vec![node]
        }
    });
    let step = |node: SyntaxNode| Step {
        deed: Deed::Drop(Object {
            kind: class,
            owner: owner.clone(),
            name: target(&node),
        }),
        tolerant,
        belongs: String::new(),
        temporary: false,
        span,
        said: said(kind, "DROP"),
        cure: Some("`IF EXISTS`".to_owned()),
    };
    names.map(step).collect()
}

/// What an ALTER or a CREATE INDEX changes.
pub(super) fn subject(statement: &SyntaxNode) -> Option<Object> {
    if statement.kind() == SyntaxKind::CREATE_INDEX {
        return Some(relation(on_table(statement)));
    }
    altered(
        statement,
        format!("{:?}", statement.kind()).strip_prefix("ALTER_")?,
    )
}

fn relation(name: String) -> Object {
    Object {
        kind: "relation",
        owner: String::new(),
        name,
    }
}

fn altered(statement: &SyntaxNode, kind: &str) -> Option<Object> {
    let named = statement.children().find(|node| !is_adverb(node))?;
    let class = class(kind);
    Some(Object {
        kind: class,
        owner: owner_of(class, statement),
        name: target(&named),
    })
}

fn alter(statement: &SyntaxNode, kind: &str, nth: usize) -> Vec<Step> {
    let Some(object) = altered(statement, kind) else {
        return Vec::new();
    };
    let children = statement.children().filter(|node| !is_adverb(node)).skip(1);
    let tolerant = has(statement, SyntaxKind::IF_EXISTS);
    let flat = children.flat_map(|node| {
        if node.kind() == SyntaxKind::ALTER_TYPE_ATTRIBUTE_ACTION_LIST {
            node.children().collect()
        } else {
            vec![node]
        }
    });
    flat.enumerate()
        .filter_map(|(at, action)| change(&action, &object, tolerant, nth * 1000 + at))
        .collect()
}

fn change(action: &SyntaxNode, object: &Object, tolerant: bool, unique: usize) -> Option<Step> {
    let guarded = has(action, SyntaxKind::IF_EXISTS) || has(action, SyntaxKind::IF_NOT_EXISTS);
    let (deed, tolerant, cure) = if let Some(deed) = rename(action, object) {
        // IF EXISTS of an ALTER speaks of the table, not of its column.
        (deed, tolerant && is_rename_to(action), None)
    } else {
        let (deed, cure) = make_or_drop_part(action, &object.name, unique)?;
        (deed, guarded, cure)
    };
    Some(Step {
        deed,
        tolerant,
        belongs: String::new(),
        temporary: false,
        span: Span::of(statement_range(action)?.into()),
        said: format!("{:?}", action.kind()).replace('_', " "),
        cure: cure.map(str::to_owned),
    })
}

fn is_rename_to(action: &SyntaxNode) -> bool {
    format!("{:?}", action.kind()).ends_with("_RENAME_TO")
}

fn rename(action: &SyntaxNode, object: &Object) -> Option<Deed> {
    if is_rename_to(action) {
        let name = target(&action.children().last()?);
        let to = Object {
            name,
            ..object.clone()
        };
        return Some(Deed::Rename(object.clone(), to));
    }
    let kind = match action.kind() {
        SyntaxKind::RENAME_COLUMN => "column",
        SyntaxKind::RENAME_CONSTRAINT => "constraint",
        SyntaxKind::RENAME_VALUE => "value",
        SyntaxKind::RENAME_ATTRIBUTE => "attribute",
        _ => return None,
    };
    let mut names = action.children();
    let from = part(kind, &object.name, name(&names.next()?));
    let to = part(kind, &object.name, name(&names.next()?));
    Some(Deed::Rename(from, to))
}

pub(super) fn part(kind: &'static str, owner: &str, name: String) -> Object {
    let owner = owner.to_owned();
    Object { kind, owner, name }
}

/// What an action of ALTER makes or drops, and how it would be written to be repeatable.
fn make_or_drop_part(
    action: &SyntaxNode,
    owner: &str,
    unique: usize,
) -> Option<(Deed, Option<&'static str>)> {
    use SyntaxKind as K;
    let named = action.children().find(|node| !is_adverb(node));
    let named = named.map(|node| target(&node)).unwrap_or_default();
    let make = |kind, name| Deed::Make(part(kind, owner, name));
    let drop = |kind, name| Deed::Drop(part(kind, owner, name));
    let (if_not_exists, if_exists) = (Some("`IF NOT EXISTS`"), Some("`IF EXISTS`"));
    Some(match action.kind() {
        K::ADD_COLUMN => (make("column", named), if_not_exists),
        K::DROP_COLUMN => (drop("column", named), if_exists),
        K::ADD_CONSTRAINT => {
            let name = constraint_name(action).unwrap_or_else(|| unique.to_string());
            let cure = "`DROP CONSTRAINT IF EXISTS` of its name before it";
            (make("constraint", name), Some(cure))
        }
        K::DROP_CONSTRAINT => (drop("constraint", named), if_exists),
        K::ADD_VALUE => (make("value", named), if_not_exists),
        K::ADD_ATTRIBUTE => (make("attribute", named), None),
        K::DROP_ATTRIBUTE => (drop("attribute", named), if_exists),
        K::ATTACH_PARTITION => (make("partition", named), None),
        K::DETACH_PARTITION => (drop("partition", named), None),
        K::INHERIT_TABLE => (make("parent", named), None),
        K::NO_INHERIT_TABLE => (drop("parent", named), None),
        _ => return None,
    })
}

fn constraint_name(action: &SyntaxNode) -> Option<String> {
    let mut inside = action.descendants();
    let constraint = inside.find(|node| node.kind() == SyntaxKind::CONSTRAINT_NAME);
    constraint.map(|node| name(&node))
}
