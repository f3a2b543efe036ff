//! What the claim of another tool is worth.

use super::{Doubt, Version};
use crate::embedded::Migration;
use crate::foreign::{Claim, Entry, Outcome};

/// A claim, held against the schema.
#[derive(Debug, Clone)]
pub struct Judged {
    /// The claim.
    pub claim: Claim,
    /// How many of its rows are a migration of this binary, by name or number.
    pub matched: usize,
    /// Whether it agrees with the schema.
    pub agreement: Agreement,
    /// The rows of runs that did not end well, each with the migration of this binary that it means.
    pub broken: Vec<(Entry, Option<Version>)>,
}

/// Whether a claim agrees with the schema, as far as that can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agreement {
    /// The newest that it has of this binary's migrations is the version of the schema.
    Agrees(Version),
    /// It ends before the schema does: the rest is under other names, or was done by hand.
    Behind(Version),
    /// It has a migration that the schema has not.
    Ahead(Version),
    /// None of its rows is a migration of this binary.
    Unknown,
}

/// The newest of this binary's migrations that each tool has applied.
pub(super) fn newest_claimed(embedded: &[Migration], claims: &[Claim]) -> Vec<Version> {
    let newest = claims.iter().map(|claim| applied(embedded, claim).max());
    newest.flatten().collect()
}

/// The migrations of this binary that a tool has applied.
fn applied(embedded: &[Migration], claim: &Claim) -> impl Iterator<Item = Version> {
    let entries = claim.entries.iter().flatten();
    let done = entries.filter(|entry| entry.outcome == Outcome::Done);
    done.filter_map(|entry| counterpart(embedded, entry))
}

/// Holds claims against the versions that have the schema, or against the nearest.
pub(super) fn judged(
    embedded: &[Migration],
    claims: Vec<Claim>,
    alike: &[Option<Version>],
    nearest: Option<Version>,
) -> Vec<Judged> {
    let range = if alike.is_empty() {
        vec![nearest]
    } else {
        alike.to_vec()
    };
    claims
        .into_iter()
        .map(|claim| {
            let versions: Vec<Version> = applied(embedded, &claim).collect();
            let agreement = match versions.iter().max() {
                None => Agreement::Unknown,
                Some(&newest) if range.contains(&Some(newest)) => Agreement::Agrees(newest),
                Some(&newest) if range.first() > Some(&Some(newest)) => Agreement::Behind(newest),
                Some(&newest) => Agreement::Ahead(newest),
            };
            let entries = claim.entries.iter().flatten();
            let broken = entries.filter(|entry| entry.outcome != Outcome::Done);
            let broken = broken.map(|entry| (entry.clone(), counterpart(embedded, entry)));
            Judged {
                matched: versions.len(),
                broken: broken.collect(),
                claim,
                agreement,
            }
        })
        .collect()
}

impl Judged {
    /// What only a person can judge. `role` is the one that looked.
    pub(super) fn doubts(&self, role: &str) -> Vec<Doubt> {
        let Claim { tool, table, .. } = &self.claim;
        let Some(_) = &self.claim.entries else {
            return vec![Doubt {
                what: format!("the role {role} may not read {table} of {tool}"),
                remedy: format!(
                    "let the role {role} read {table} (USAGE on the schema, SELECT on the table and on all of its rows), and run it again"
                ),
            }];
        };
        let of_data = |what| Doubt {
            what,
            remedy: "find out what that run did to the data".to_owned(),
        };
        let broken = self.broken.iter().map(|(entry, _)| {
            let how = match entry.outcome {
                Outcome::Failed => "failed",
                Outcome::Dirty | Outcome::Done => "was left dirty",
            };
            of_data(format!(
                "{} of {tool} {how}, as {table} says",
                entry.title()
            ))
        });
        let mut doubts: Vec<Doubt> = broken.collect();
        if let Agreement::Ahead(version) = self.agreement {
            doubts.push(of_data(format!(
                "{table} of {tool} has {version}, and the schema has not"
            )));
        }
        doubts
    }
}

impl Entry {
    /// Version and name.
    pub fn title(&self) -> String {
        match &self.name {
            Some(name) => format!("{} ({name})", self.version),
            None => self.version.clone(),
        }
    }
}

/// The migration of this binary that a row means. Names are compared first: numbers of other sets of files mean others.
fn counterpart(embedded: &[Migration], entry: &Entry) -> Option<Version> {
    let by_name = |name: &str| {
        let name = words(name);
        let mut all = embedded.iter();
        let found = all.find(|one| {
            name == one.description || name.strip_suffix(one.description).is_some_and(is_number)
        })?;
        Some(found.version)
    };
    if let Some(name) = &entry.name {
        return by_name(name);
    }
    if entry.version.contains(char::is_alphabetic) {
        return by_name(&entry.version);
    }
    let number = entry.version.parse().ok()?;
    let mut all = embedded.iter().map(|migration| migration.version);
    all.find(|version| version.as_i64() == number || Some(*version) == dated(number))
}

/// A name as descriptions are written: small letters, digits and `_`.
fn words(name: &str) -> String {
    let name = name.trim_end_matches(".sql");
    name.chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '_'
            }
        })
        .collect()
}

/// What stands before a description in a file's name: `2025_10_11_1_`.
fn is_number(text: &str) -> bool {
    text.ends_with('_') && !text.contains(char::is_alphabetic)
}

/// 202510111, a date and a counter of one digit.
fn dated(number: i64) -> Option<Version> {
    let (day, counter) = (number / 10, number % 10);
    Version::new(day / 10_000, day / 100 % 100, day % 100, counter)
}
