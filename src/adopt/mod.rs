//! Which version a database is at that another tool made: a pure function of (embedded, live schema, what other tools
//! claim, what is wished for). Nothing is read or written here.

mod beside;
mod claim;
mod distance;
mod elsewhere;
mod find;

use std::fmt;

use serde::Serialize;

pub use self::beside::Beside;
pub use self::claim::{Agreement, Judged};
pub use self::elsewhere::Elsewhere;
pub use self::find::{Evidence, Finding, find};
use crate::source::Version;

/// What the operator wishes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wish {
    /// The version that the database is said to be at.
    pub at: Option<Version>,
    /// Whether what differs there is accepted.
    pub accept_differences: bool,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The schema is empty: there is nothing to adopt.
    Empty,
    /// The migrations up to this version are to be recorded.
    At(Version),
    /// Nothing may be recorded.
    Refused(Refused),
}

/// Why nothing is recorded. Exit code 4.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Refused {
    /// The schema is that of no version; this one is the nearest.
    NoVersion {
        /// That version.
        nearest: String,
        /// How many objects differ from it.
        objects: usize,
    },
    /// The schema is not that of the version that was asked for.
    Differs {
        /// That version.
        version: String,
        /// How many objects differ from it.
        objects: usize,
    },
    /// A version was asked for, and the schema is empty.
    Empty {
        /// That version.
        version: String,
    },
    /// What another tool left is for a person to judge.
    Doubt {
        /// What it is.
        doubts: Vec<Doubt>,
        /// The version that the schema has; none where it is empty.
        version: Option<String>,
    },
    /// The history was to be written anew, and the schema is empty, so that there is nothing to write.
    Nothing {
        /// The statement after which `up` makes the schema.
        sql: String,
    },
    /// There is a history already, at another version than was asked for.
    Elsewhere {
        /// The version that was asked for.
        asked: String,
        /// The newest in the history.
        position: String,
    },
}

/// What only a person can judge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Doubt {
    /// What it is, in a sentence.
    pub what: String,
    /// What to do first.
    pub remedy: String,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let differ = |objects: &usize| match objects {
            1 => "1 object differs".to_owned(),
            more => format!("{more} objects differ"),
        };
        match self {
            Self::NoVersion { nearest, objects } => write!(
                f,
                "the schema is not as sealed at any version; the nearest is {nearest}: {}",
                differ(objects)
            ),
            Self::Differs { version, objects } => write!(
                f,
                "the schema is not as sealed at {version}: {}",
                differ(objects)
            ),
            Self::Empty { version } => {
                write!(f, "the schema is empty, and cannot be at {version}")
            }
            Self::Doubt { doubts, .. } => {
                let all: Vec<&str> = doubts.iter().map(|doubt| doubt.what.as_str()).collect();
                write!(f, "which version this is, is not clear: {}", all.join("; "))
            }
            Self::Nothing { .. } => {
                f.write_str("the schema is empty, and proves no migration to be applied")
            }
            Self::Elsewhere { asked, position } => write!(
                f,
                "the history is there already, and says {position}, not {asked}"
            ),
        }
    }
}
