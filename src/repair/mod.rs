//! The SQL that brings a live schema to the sealed one: a pure function of both and of what differs. Nothing is read or
//! run here, and nothing is printed.
//!
//! The names in the texts of objects are quoted already, and what is in schema public has none in front of it: the
//! statements are for a session whose `search_path` is public. What can lose data is marked, for whoever prints it to
//! comment it out. Where an object changes that others depend on, those are dropped before and created again after; which
//! they are follows from the words of their definitions.

#![expect(
    clippy::unnecessary_wraps,
    reason = "the functions for the kinds stand in one table, and some kinds have no SQL"
)]

mod clause;
mod column;
mod constraint;
mod grant;
mod index;
mod kind;
mod mention;
mod order;
mod part;
mod routine;
mod sequence;
mod step;
mod table;
mod types;
mod view;
mod work;

use std::collections::BTreeSet;

pub use self::step::{Lock, Place};
pub use self::work::repair;
use crate::schema::{Objects, Schema, grantee};

/// What a repair is made from.
#[derive(Debug, Clone, Copy)]
pub struct Ground<'a> {
    /// The schema as it is.
    pub live: &'a Schema,
    /// The name of the database.
    pub database: &'a str,
    /// The role that is connected. What it creates belongs to it.
    pub role: &'a str,
    /// The major version of the server.
    pub major: u32,
}

/// A statement, or several that are one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The object that it brings to what is sealed.
    pub object: String,
    /// The SQL, with a semicolon.
    pub sql: String,
    /// The table locks that it takes on what is there before: the strongest on each, those of plain reads left out.
    pub locks: Vec<Lock>,
    /// Why it is not to be run without a look at it.
    pub hazard: Option<String>,
    /// Where it runs.
    pub place: Place,
}

/// An object for which there is no statement of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// Which.
    pub object: String,
    /// Why.
    pub reason: String,
}

/// The statements in their order, and what there are none for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Repair {
    /// In the order in which they run.
    pub statements: Vec<Statement>,
    /// Where no SQL is generated.
    pub gaps: Vec<Gap>,
}

/// What the statements for one kind of object are made with.
struct Site<'a> {
    expected: &'a Objects,
    live: &'a Objects,
    owner: &'a str,
    database: &'a str,
    major: u32,
    /// Tables that are created, by name: what is added to them afterwards finds no rows.
    fresh: BTreeSet<String>,
    /// All objects that are created.
    created: BTreeSet<String>,
}

impl Site<'_> {
    /// How a table is or will be defined.
    fn table(&self, name: &str) -> Option<&str> {
        let object = format!("table {name}");
        let text = self.live.get(&object).or(self.expected.get(&object))?;
        Some(text)
    }

    fn is_partitioned(&self, table: &str) -> bool {
        self.table(table)
            .is_some_and(|text| text.contains(" partition by "))
    }

    fn has(&self, object: &str) -> bool {
        self.live.contains_key(object) || self.expected.contains_key(object)
    }

    /// The roles that the default privileges of now mention for objects of this kind.
    fn given(&self, object: &str) -> BTreeSet<&str> {
        let Some(plural) = grant::plural(object) else {
            return BTreeSet::new();
        };
        let prefix = format!("default privileges on {plural} ");
        let all = self.live.range(prefix.clone()..);
        let all = all.take_while(|(one, _)| one.starts_with(&prefix));
        all.filter_map(|(one, _)| grantee(one)).collect()
    }

    fn is_fresh(&self, relation: &str) -> bool {
        self.fresh.contains(relation)
    }

    /// A role as SQL names it. The reader writes `owner` for the one that the objects are made for.
    fn role<'r>(&'r self, role: &'r str) -> &'r str {
        match role {
            "owner" => self.owner,
            role => role,
        }
    }
}
