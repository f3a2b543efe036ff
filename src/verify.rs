//! Whether the live schema is as the seals say: a pure function of both, and of what may differ.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::adoption::Adoption;
use crate::config::Ignore;
use crate::embedded::{Migration, sealed_objects};
use crate::repair::Repair;
use crate::schema::{Difference, Objects, Schema};
use crate::source::Version;

/// A version cannot be compared with: a migration up to it was not proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsealed {
    /// Its name.
    pub name: String,
}

/// The live schema is not as sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// How many objects differ.
    pub objects: usize,
    /// The version whose schema was expected.
    pub position: Option<Version>,
}

impl fmt::Display for Unsealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} is not sealed: this binary does not know what schema it leads to",
            self.name
        )
    }
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (plural, differ) = if self.objects == 1 {
            ("", "differs")
        } else {
            ("s", "differ")
        };
        match self.position {
            Some(version) => write!(
                f,
                "the schema is not as sealed at {version}: {} object{plural} {differ}",
                self.objects
            ),
            None => write!(
                f,
                "nothing is applied, and the schema is not empty: {} object{plural}",
                self.objects
            ),
        }
    }
}

/// What a comparison found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The version whose schema was expected.
    pub position: Option<Version>,
    /// How many objects that has.
    pub objects: usize,
    /// What differs and should not, by object.
    pub drift: Vec<Difference>,
    /// What differs and may: by the settings, since only somebody else could mend it, or as the database was adopted.
    pub ignored: Vec<Ignored>,
    /// What the settings ignore, and does not differ.
    pub idle: Vec<String>,
}

/// A difference that is told of and does not count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ignored {
    /// What differs.
    #[serde(flatten)]
    pub difference: Difference,
    /// Why it may.
    pub reason: String,
}

/// The objects that should be there at a version; none at none, since there everything was taken back.
///
/// # Errors
/// A migration up to it is not sealed.
pub fn sealed(
    embedded: &[Migration],
    position: Option<Version>,
) -> Result<BTreeMap<&'static str, &'static str>, Unsealed> {
    let Some(version) = position else {
        return Ok(BTreeMap::new());
    };
    sealed_objects(embedded, version).ok_or_else(|| Unsealed {
        name: embedded
            .iter()
            .take_while(|migration| migration.version <= version)
            .find(|migration| migration.seal.is_none())
            .map_or_else(
                || version.to_string(),
                |migration| migration.stem.to_owned(),
            ),
    })
}

/// The schemas that are ours: public, and those that a migration makes.
pub fn schemas(embedded: &[Migration]) -> Vec<String> {
    let seals = embedded.iter().filter_map(|migration| migration.seal);
    let made = seals.flat_map(|seal| seal.added);
    let names = made.filter_map(|(object, _)| object.strip_prefix("schema "));
    let mut schemas: Vec<String> = names.map(unquoted).collect();
    schemas.push("public".to_owned());
    schemas.sort_unstable();
    schemas.dedup();
    schemas
}

/// Compares.
pub fn judge(
    sealed: &BTreeMap<&'static str, &'static str>,
    position: Option<Version>,
    live: &Schema,
    ignore: &[Ignore],
) -> Verdict {
    let expected = sealed
        .iter()
        .map(|(object, definition)| (*object, *definition));
    let rules = Rules::of(live, ignore);
    let is_sealed = |object: &str| sealed.contains_key(object);
    let mut drift = Vec::new();
    let mut ignored = Vec::new();
    let mut used = vec![false; ignore.len()];
    for difference in live.differences(expected) {
        match rules.weigh(&difference, &is_sealed) {
            Weight::Nothing => {}
            Weight::Drift => drift.push(difference),
            Weight::Ignored { reason, entry } => {
                if let Some(entry) = entry {
                    used[entry] = true;
                }
                ignored.push(Ignored { difference, reason });
            }
        }
    }
    let idle = ignore.iter().zip(used).filter(|(_, used)| !used);
    Verdict {
        position,
        objects: sealed.len(),
        drift,
        ignored,
        idle: idle.map(|(entry, _)| entry.object.clone()).collect(),
    }
}

/// What a difference counts for.
pub(crate) enum Weight {
    /// Nothing: it is another's, or makes no difference.
    Nothing,
    /// It may differ.
    Ignored {
        /// Why.
        reason: String,
        /// The place of the setting that says so.
        entry: Option<usize>,
    },
    /// It should not differ.
    Drift,
}

/// What may differ in a live schema, by the settings, by who owns what, and by what was accepted.
pub(crate) struct Rules<'a> {
    live: &'a Schema,
    ignore: &'a [Ignore],
    adoption: Option<Adoption>,
}

impl<'a> Rules<'a> {
    pub(crate) fn of(live: &'a Schema, ignore: &'a [Ignore]) -> Self {
        Self {
            live,
            ignore,
            adoption: live.remark.as_deref().and_then(Adoption::of),
        }
    }

    /// `is_sealed` says which objects migrations have made.
    pub(crate) fn weigh(
        &self,
        difference: &Difference,
        is_sealed: &dyn Fn(&str) -> bool,
    ) -> Weight {
        if is_of_others(difference, self.live, is_sealed) || is_elsewhere(difference) {
            return Weight::Nothing;
        }
        let object = difference.object();
        if let Some(entry) = self.covering(object) {
            return Weight::Ignored {
                reason: self.ignore[entry].reason.clone(),
                entry: Some(entry),
            };
        }
        // The migration that would grant it has shown which statements its owner should run.
        let keeper = self.live.keeper(object);
        let keeper = keeper.map(|keeper| format!("only the owner, {keeper}, can grant that"));
        let accepted = || self.adoption.as_ref()?.reason(difference);
        match keeper.or_else(accepted) {
            Some(reason) => Weight::Ignored {
                reason,
                entry: None,
            },
            None => Weight::Drift,
        }
    }

    /// The place of the setting that covers an object, or what it is a part of.
    fn covering(&self, object: &str) -> Option<usize> {
        if self.ignore.is_empty() {
            return None;
        }
        let all = self.live.with_wholes(object);
        let mut entries = self.ignore.iter();
        entries.position(|entry| all.iter().any(|object| entry.covers(object)))
    }
}

/// Whether an extension is merely in another schema. Some platforms keep all extensions in a schema of their own, and
/// what of ours uses one says itself where that is.
fn is_elsewhere(difference: &Difference) -> bool {
    matches!(difference, Difference::Different { .. })
        && difference.object().starts_with("extension ")
}

/// What a look at the live schema found.
#[derive(Debug, Clone)]
pub struct Findings {
    /// Beside what is sealed.
    pub verdict: Verdict,
    /// Indexes that somebody builds at this moment.
    pub building: Objects,
    /// What is not ours; none where it was not asked for.
    pub others: Option<Others>,
    /// The statements that bring it to what is sealed; none where they were not asked for.
    pub repair: Option<Repair>,
}

/// What is in the database or on its server and is not ours.
#[derive(Debug, Clone, Serialize)]
pub struct Others {
    /// Objects of the database.
    pub objects: Objects,
    /// What belongs to the server: roles, memberships, tablespaces, privileges on parameters.
    pub cluster: Objects,
    /// What this binary does not know, and does not compare.
    pub unknown: Objects,
}

/// What is in the database and is not ours: all that was read but for what is in our schemas, and what is in none or was
/// made at run time, and is not sealed.
pub fn others(
    everything: Schema,
    ours: &Schema,
    sealed: &BTreeMap<&'static str, &'static str>,
) -> Others {
    let expected = sealed
        .iter()
        .map(|(object, definition)| (*object, *definition));
    let is_sealed = |object: &str| sealed.contains_key(object);
    let extra = ours.differences(expected);
    let shared = extra
        .iter()
        .filter(|extra| is_of_others(extra, ours, &is_sealed));
    let shared: Vec<&str> = shared.map(Difference::object).collect();
    let mut objects = everything.objects;
    objects.retain(|object, _| {
        !ours.objects.contains_key(object) || shared.contains(&object.as_str())
    });
    Others {
        objects,
        cluster: everything.cluster,
        unknown: everything.unknown,
    }
}

/// What is in no schema, or was made at run time, may be somebody else's, such as an extension that watches the server.
/// Where we need it, it is sealed.
fn is_of_others(difference: &Difference, live: &Schema, is_sealed: &dyn Fn(&str) -> bool) -> bool {
    let Difference::Extra { object, .. } = difference else {
        return false;
    };
    live.is_of_others(object, is_sealed)
}

/// A name as the catalogue spells it.
pub(crate) fn unquoted(name: &str) -> String {
    let inner = name
        .strip_prefix('"')
        .and_then(|name| name.strip_suffix('"'));
    inner.map_or_else(|| name.to_owned(), |inner| inner.replace("\"\"", "\""))
}
