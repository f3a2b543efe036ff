//! How two schemas differ, object by object.

use super::{Objects, wholes};
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

/// What differs, by object. Where a whole object is absent or extra, its parts are not told of.
pub fn differences<'a>(
    expected: impl IntoIterator<Item = (&'a str, &'a str)>,
    found: &Objects,
) -> Vec<Difference> {
    let expected: std::collections::BTreeMap<&str, &str> = expected.into_iter().collect();
    let mut differences = Vec::new();
    let is_told_with = |object: &str, here: &dyn Fn(&str) -> bool, there: &dyn Fn(&str) -> bool| {
        let mut above = wholes(object);
        while let Some(object) = above.pop() {
            if here(&object) && !there(&object) {
                return true;
            }
            above.extend(wholes(&object));
        }
        false
    };
    let should = |object: &str| expected.contains_key(object);
    let is = |object: &str| found.contains_key(object);
    for (&object, &definition) in &expected {
        match found.get(object) {
            Some(found) if found == definition => {}
            Some(found) => differences.push(Difference::Different {
                object: object.to_owned(),
                expected: definition.to_owned(),
                found: found.clone(),
            }),
            None if is_told_with(object, &should, &is) => {}
            None => differences.push(Difference::Absent {
                object: object.to_owned(),
                expected: definition.to_owned(),
            }),
        }
    }
    for (object, definition) in found {
        if !should(object) && !is_told_with(object, &is, &should) {
            differences.push(Difference::Extra {
                object: object.clone(),
                found: definition.clone(),
            });
        }
    }
    differences.sort_by(|a, b| a.object().cmp(b.object()));
    differences
}
