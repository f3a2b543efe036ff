//! How far the live schema is from that of every version.
//!
//! From one version to the next only the objects of one seal are compared again, and the parts of those, so that the work
//! grows with the seals and not with versions times objects.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use super::beside::is_beside;
use crate::embedded::Migration;
use crate::schema::{Schema, above, difference, seen_by};
use crate::source::Version;
use crate::verify::{Rules, Weight};

/// How many objects differ from the schema of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Distance {
    /// The version; none before the first.
    pub(super) version: Option<Version>,
    /// How many block an adoption.
    pub(super) differences: usize,
    /// How many do not.
    pub(super) beside: usize,
}

/// From nothing to the newest version up to which all migrations are sealed.
pub(super) fn distances(embedded: &[Migration], live: &Schema, rules: &Rules<'_>) -> Vec<Distance> {
    Comparison::new(live, rules).walk(embedded)
}

/// What a difference counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Blocking,
    Beside,
}

struct Comparison<'a> {
    live: &'a Schema,
    rules: &'a Rules<'a>,
    /// From each sealed object to its name and definition here, where it says anything here.
    sealed: HashMap<&'static str, Cow<'static, str>>,
    expected: HashMap<Cow<'static, str>, Cow<'static, str>>,
    /// From each object that may be a whole to its parts, of all versions and of the live schema.
    parts: HashMap<String, BTreeSet<String>>,
    kinds: HashMap<String, Kind>,
    blocking: usize,
    beside: usize,
    /// How many objects were compared.
    #[cfg(test)]
    compared: usize,
}

impl<'a> Comparison<'a> {
    fn new(live: &'a Schema, rules: &'a Rules<'a>) -> Self {
        let mut comparison = Self {
            live,
            rules,
            sealed: HashMap::new(),
            expected: HashMap::new(),
            parts: HashMap::new(),
            kinds: HashMap::new(),
            blocking: 0,
            beside: 0,
            #[cfg(test)]
            compared: 0,
        };
        for (object, definition) in &live.objects {
            comparison.note_wholes(object, definition);
        }
        comparison.weigh_again(live.objects.keys().cloned().collect());
        comparison
    }

    /// From version to version.
    fn walk(&mut self, embedded: &[Migration]) -> Vec<Distance> {
        let mut all = vec![self.distance(None)];
        let sealed = embedded
            .iter()
            .map_while(|one| Some((one.version, one.seal?)));
        for (version, seal) in sealed {
            let mut touched = BTreeSet::new();
            for object in seal.dropped {
                touched.extend(self.remove(object));
            }
            for (object, definition) in seal.added.iter().chain(seal.changed) {
                touched.extend(self.insert(object, definition));
            }
            self.weigh_again(touched);
            all.push(self.distance(Some(version)));
        }
        all
    }

    fn distance(&self, version: Option<Version>) -> Distance {
        Distance {
            version,
            differences: self.blocking,
            beside: self.beside,
        }
    }

    /// Gives an object a definition, and says by which names it was known here before and is now.
    fn insert(&mut self, object: &'static str, definition: &'static str) -> Vec<String> {
        let mut touched = self.remove(object);
        if let Some((name, definition)) = seen_by(&self.live.owner, object, definition) {
            self.note_wholes(&name, &definition);
            touched.push(name.clone().into_owned());
            self.sealed.insert(object, name.clone());
            self.expected.insert(name, definition);
        }
        touched
    }

    fn remove(&mut self, object: &'static str) -> Vec<String> {
        let Some(name) = self.sealed.remove(object) else {
            return Vec::new();
        };
        self.expected.remove(&name);
        vec![name.into_owned()]
    }

    fn note_wholes(&mut self, object: &str, definition: &str) {
        for whole in above(object, |_| Some(definition)) {
            self.parts
                .entry(whole)
                .or_default()
                .insert(object.to_owned());
        }
    }

    /// Compares these objects, and the parts of them, which count only where the whole does not differ.
    fn weigh_again(&mut self, touched: BTreeSet<String>) {
        let mut waiting: Vec<String> = touched.into_iter().collect();
        let mut weighed = BTreeSet::new();
        while let Some(object) = waiting.pop() {
            if !weighed.insert(object.clone()) {
                continue;
            }
            let parts = self.parts.get(&object);
            waiting.extend(parts.into_iter().flatten().cloned());
            self.count(self.kinds.get(&object).copied(), |number| number - 1);
            let kind = self.kind(&object);
            #[cfg(test)]
            {
                self.compared += 1;
            }
            self.count(kind, |number| number + 1);
            match kind {
                Some(kind) => self.kinds.insert(object, kind),
                None => self.kinds.remove(&object),
            };
        }
    }

    fn count(&mut self, kind: Option<Kind>, change: impl Fn(usize) -> usize) {
        match kind {
            Some(Kind::Blocking) => self.blocking = change(self.blocking),
            Some(Kind::Beside) => self.beside = change(self.beside),
            None => {}
        }
    }

    fn kind(&self, object: &str) -> Option<Kind> {
        let should = |object: &str| self.expected.get(object).map(Cow::as_ref);
        let is = |object: &str| self.live.objects.get(object).map(String::as_str);
        let difference = difference(object, &should, &is)?;
        let is_sealed = |object: &str| self.expected.contains_key(object);
        match self.rules.weigh(&difference, &is_sealed) {
            Weight::Drift if is_beside(&difference) => Some(Kind::Beside),
            Weight::Drift => Some(Kind::Blocking),
            Weight::Nothing | Weight::Ignored { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::embedded::{MIGRATIONS, Seal, sealed_objects};
    use crate::schema::Objects;
    use crate::verify::{judge, sealed};

    /// The schema of a version, with something taken away, something more, and something else.
    fn live(version: Option<Version>, nth: usize) -> Schema {
        let sealed = version.and_then(|version| sealed_objects(MIGRATIONS, version));
        let mut objects: Objects = sealed
            .unwrap_or_default()
            .into_iter()
            .map(|(object, definition)| (object.to_owned(), definition.to_owned()))
            .collect();
        let names: Vec<String> = objects.keys().cloned().collect();
        for object in names.iter().skip(nth % 7).step_by(7) {
            objects.remove(object);
        }
        for object in names.iter().skip(nth % 11).step_by(11) {
            objects.insert(object.clone(), "another".to_owned());
        }
        objects.insert("table of_another".to_owned(), "table".to_owned());
        objects.insert("column of_another.id".to_owned(), "integer".to_owned());
        Schema {
            owner: "me".to_owned(),
            objects,
            shared: BTreeSet::new(),
            invalid: BTreeMap::new(),
            building: Objects::new(),
            cluster: Objects::new(),
            unknown: Objects::new(),
            beyond_reach: Objects::new(),
            remark: None,
        }
    }

    #[test]
    fn step_by_step_it_counts_what_each_whole_comparison_finds() {
        let versions = MIGRATIONS.iter().map(|migration| Some(migration.version));
        let versions: Vec<Option<Version>> = std::iter::once(None).chain(versions).collect();
        for (nth, &at) in versions.iter().enumerate().step_by(9) {
            let live = live(at, nth);
            let by_step = distances(MIGRATIONS, &live, &Rules::of(&live, &[]));
            let whole = versions.iter().map(|&version| {
                let sealed = sealed(MIGRATIONS, version).expect("all are sealed");
                let drift = judge(&sealed, version, &live, &[]).drift;
                let beside = drift.iter().filter(|one| is_beside(one)).count();
                Distance {
                    version,
                    differences: drift.len() - beside,
                    beside,
                }
            });
            assert_eq!(by_step, whole.collect::<Vec<_>>(), "{at:?}");
        }
    }

    /// Migrations that make a table with a column each.
    fn many(count: usize) -> Vec<Migration> {
        let texts = |nth: usize| -> &'static [(&'static str, &'static str)] {
            let object = |kind: &str, name: String| &*format!("{kind} {name}").leak();
            let table = object("table", format!("t{nth}"));
            let column = object("column", format!("t{nth}.id"));
            vec![(table, "table"), (column, "integer")].leak()
        };
        let all = (0..count).map(|nth| {
            let day = i64::try_from(nth).expect("it is small");
            let seal = Seal {
                added: texts(nth),
                changed: &[],
                dropped: &[],
                ..*MIGRATIONS[0].seal.expect("it is sealed")
            };
            Migration {
                version: Version::new(2000 + day / 300, 1 + day % 300 / 28, 1 + day % 28, 1)
                    .expect("it is a day"),
                seal: Some(Box::leak(Box::new(seal))),
                ..MIGRATIONS[0]
            }
        });
        all.collect()
    }

    #[test]
    fn the_work_grows_with_the_migrations_and_not_with_their_square() {
        let all = many(2_000);
        let live = live(None, 0);
        let rules = Rules::of(&live, &[]);
        let mut comparison = Comparison::new(&live, &rules);
        let newest = comparison.walk(&all).pop().expect("there are some");
        // The columns are listed with their tables.
        assert_eq!(newest.differences, 2_000 + 1);
        let objects = 2 * all.len() + live.objects.len();
        assert!(
            comparison.compared <= 2 * objects,
            "{}",
            comparison.compared
        );
    }
}
