//! Which statements create, alter and drop the objects of each kind.

use super::step::{Change, Made};
use super::{Site, column, constraint, grant, index, part, routine, sequence, table, types, view};

/// An object by kind, name and definition.
#[derive(Debug, Clone, Copy)]
pub(super) struct Named<'a> {
    pub(super) object: &'a str,
    pub(super) name: &'a str,
    pub(super) text: &'a str,
}

/// A kind of object.
pub(super) struct Kind {
    /// What the text of such an object begins with.
    pub(super) word: &'static str,
    /// Its place among what is created; the reverse is the order of what is dropped.
    pub(super) rank: u8,
    /// Whether others that stay may have used it until the statements before: then it is dropped at the end.
    pub(super) is_dropped_last: bool,
    pub(super) create: fn(&Site<'_>, Named<'_>) -> Made,
    /// From what is there, the second, to what should be.
    pub(super) alter: fn(&Site<'_>, Named<'_>, &str) -> Change,
    pub(super) drop: fn(&Site<'_>, Named<'_>) -> Made,
}

/// Where what is about other objects begins: owners, privileges, comments.
pub(super) const ABOUT: u8 = 140;

/// Behind the tables and columns.
pub(super) const OWNED_SEQUENCES: u8 = 70;

/// Behind the constraints, since it can need one of them.
pub(super) const TABLE_SETTINGS: u8 = 115;

macro_rules! kind {
    ($word:literal, $rank:expr, $last:literal, $module:ident::{$create:ident, $alter:ident, $drop:ident}) => {
        Kind {
            word: $word,
            rank: $rank,
            is_dropped_last: $last,
            create: $module::$create,
            alter: $module::$alter,
            drop: $module::$drop,
        }
    };
}

/// The kinds, those with a longer word before those that it begins with.
pub(super) const KINDS: &[Kind] = &[
    kind!("extension ", 0, true, part::{create_extension, alter_extension, drop_extension}),
    kind!("schema ", 10, true, part::{create_schema, alter_schema, drop_schema}),
    kind!("enum ", 20, true, types::{create_enum, alter_enum, drop_type}),
    kind!("domain ", 20, true, types::{create_domain, alter_domain, drop_domain}),
    kind!("range ", 20, true, types::{create_range, alter_range, drop_type}),
    kind!("type ", 20, true, types::{create_type, alter_type, drop_type}),
    kind!("sequence ", 30, true, sequence::{create, alter, drop}),
    kind!("function ", 40, true, routine::{create, alter, drop}),
    kind!("procedure ", 40, true, routine::{create, alter, drop}),
    kind!("aggregate ", 45, true, routine::{create_aggregate, replace, drop}),
    kind!("table ", 50, true, table::{create, alter, drop}),
    kind!("column ", 60, false, column::{create, alter, drop}),
    kind!("constraint ", 80, false, constraint::{create, alter, drop}),
    kind!("index ", 90, false, index::{create, alter, drop}),
    kind!("statistics ", 90, false, part::{create_statistics, alter_statistics, drop_statistics}),
    kind!("view ", 100, false, view::{create, alter, drop}),
    kind!("materialized view ", 100, false, view::{create_materialized, alter, drop_materialized}),
    kind!("trigger ", 120, false, part::{create_trigger, alter_trigger, drop_trigger}),
    kind!("rule ", 120, false, part::{create_rule, alter_rule, drop_rule}),
    kind!("policy ", 120, false, part::{create_policy, alter_policy, drop_policy}),
    kind!("event trigger ", 130, false, part::{create_event_trigger, alter_event_trigger, drop_event_trigger}),
    kind!("owner of ", 140, false, grant::{set, change, unset}),
    kind!("default privileges on ", 160, false, grant::{set, change, unset}),
    kind!("privileges on ", 150, false, grant::{set, change, unset}),
    kind!("comment on ", 170, false, grant::{set, change, unset}),
];

/// The kind of an object, and its name.
pub(super) fn of(object: &str) -> Option<(&'static Kind, &str)> {
    KINDS
        .iter()
        .find_map(|kind| Some((kind, object.strip_prefix(kind.word)?)))
}
