//! How two schemas differ, object by object.

use std::collections::BTreeMap;

use super::object::above;
use super::{Objects, Schema, same_definition};
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
    let should = |object: &str| expected.get(object).copied();
    let is = |object: &str| found.get(object).map(String::as_str);
    let extra = found.keys().map(String::as_str);
    let extra = extra.filter(|object| !expected.contains_key(object));
    let mut objects: Vec<&str> = expected.keys().copied().chain(extra).collect();
    objects.sort_unstable();
    objects
        .into_iter()
        .filter_map(|object| difference(object, &should, &is))
        .collect()
}

/// What differs of one object, by the definition that it should have and the one that it has. None for a part of a whole
/// that is absent or extra.
pub(crate) fn difference<'a, 'b>(
    object: &str,
    should: &impl Fn(&str) -> Option<&'a str>,
    is: &impl Fn(&str) -> Option<&'b str>,
) -> Option<Difference> {
    match (should(object), is(object)) {
        (Some(expected), Some(found)) => {
            let is_same = same_definition(object, expected, found);
            (!is_same).then(|| Difference::Different {
                object: object.to_owned(),
                expected: expected.to_owned(),
                found: found.to_owned(),
            })
        }
        (Some(expected), None) => {
            (!goes_with_whole(object, should, is)).then(|| Difference::Absent {
                object: object.to_owned(),
                expected: expected.to_owned(),
            })
        }
        (None, Some(found)) => (!goes_with_whole(object, is, should)).then(|| Difference::Extra {
            object: object.to_owned(),
            found: found.to_owned(),
        }),
        (None, None) => None,
    }
}

/// Whether what an object is a part of is here and not there.
fn goes_with_whole<'a, 'b>(
    object: &str,
    here: &impl Fn(&str) -> Option<&'a str>,
    there: &impl Fn(&str) -> Option<&'b str>,
) -> bool {
    let mut wholes = above(object, here);
    while let Some(whole) = wholes.pop() {
        if here(&whole).is_some() && there(&whole).is_none() {
            return true;
        }
        wholes.extend(above(&whole, here));
    }
    false
}

/// The differences that two readings in a row have in common. The functions by which the server prints definitions do not
/// see the moment that the rest of a reading sees, so that what somebody changes meanwhile can look like a difference once.
pub fn steady(
    first: &[Difference],
    live: &Schema,
    mut second: Vec<Difference>,
    again: &Schema,
) -> Vec<Difference> {
    // Each index that REINDEX CONCURRENTLY builds has the same name, and is another one.
    let is_same = |object: &str| live.invalid.get(object) == again.invalid.get(object);
    second.retain(|difference| first.contains(difference) && is_same(difference.object()));
    second
}
