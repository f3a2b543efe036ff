//! How two schemas differ, object by object.

use std::collections::BTreeMap;

use super::object::above;
use super::{Objects, Schema};
use serde::Serialize;

/// An object that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Difference {
    /// It should be there, and is not.
    Absent {
        /// Which one.
        object: String,
        /// As it should be.
        expected: String,
    },
    /// It is there, and should not be.
    Extra {
        /// Which one.
        object: String,
        /// As it is.
        found: String,
    },
    /// It is there, and is another.
    Different {
        /// Which one.
        object: String,
        /// As it should be.
        expected: String,
        /// As it is.
        found: String,
    },
}

impl Difference {
    /// Which object.
    pub fn object(&self) -> &str {
        match self {
            Self::Absent { object, .. }
            | Self::Extra { object, .. }
            | Self::Different { object, .. } => object,
        }
    }

    /// As it is; none where it is not there.
    pub fn found(&self) -> Option<&str> {
        match self {
            Self::Absent { .. } => None,
            Self::Extra { found, .. } | Self::Different { found, .. } => Some(found),
        }
    }
}

/// What differs, by object. Where a whole object is absent or extra, its parts are not reported.
pub fn differences<'a>(
    expected: impl IntoIterator<Item = (&'a str, &'a str)>,
    found: &'a Objects,
) -> Vec<Difference> {
    let expected: BTreeMap<&str, &str> = expected.into_iter().collect();
    let found: BTreeMap<&str, &str> = found
        .iter()
        .map(|(object, definition)| (object.as_str(), definition.as_str()))
        .collect();
    let mut differences = Vec::new();
    for (&object, &definition) in &expected {
        match found.get(object) {
            Some(&found) if found == definition => {}
            Some(&found) => differences.push(Difference::Different {
                object: object.to_owned(),
                expected: definition.to_owned(),
                found: found.to_owned(),
            }),
            None if goes_with_whole(object, &expected, &found) => {}
            None => differences.push(Difference::Absent {
                object: object.to_owned(),
                expected: definition.to_owned(),
            }),
        }
    }
    for (&object, &definition) in &found {
        if !expected.contains_key(object) && !goes_with_whole(object, &found, &expected) {
            differences.push(Difference::Extra {
                object: object.to_owned(),
                found: definition.to_owned(),
            });
        }
    }
    differences.sort_by(|a, b| a.object().cmp(b.object()));
    differences
}

/// Whether what an object is a part of is here and not there.
fn goes_with_whole(
    object: &str,
    here: &BTreeMap<&str, &str>,
    there: &BTreeMap<&str, &str>,
) -> bool {
    let definition = |object: &str| here.get(object).copied();
    let mut wholes = above(object, definition);
    while let Some(whole) = wholes.pop() {
        if here.contains_key(whole.as_str()) && !there.contains_key(whole.as_str()) {
            return true;
        }
        wholes.extend(above(&whole, definition));
    }
    false
}

/// The differences that two readings in a row have in common. The functions by which the server prints definitions do not
/// see the moment that the rest of a reading sees, so that what somebody changes meanwhile can look like a difference once.
pub fn steady(
    first: Vec<Difference>,
    live: &Schema,
    mut second: Vec<Difference>,
    again: &Schema,
) -> Vec<Difference> {
    // Each index that REINDEX CONCURRENTLY builds has the same name, and is another one.
    let is_same = |object: &str| live.invalid.get(object) == again.invalid.get(object);
    second.retain(|difference| first.contains(difference) && is_same(difference.object()));
    second
}
