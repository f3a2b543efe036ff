//! The record of an adoption: who took a database over, when, at which version, and what differed and was accepted.
//!
//! It is kept as the comment on the history: it goes wherever that goes, everybody who may connect can read it, and stock
//! refinery does not notice. Where somebody puts another comment there, what was accepted counts as drift again.

use serde::{Deserialize, Serialize};

use crate::schema::Difference;

/// What was recorded when a database was taken over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adoption {
    /// The version that was recorded.
    pub version: String,
    /// The role that did it.
    pub role: String,
    /// When: RFC 3339, UTC.
    pub time: String,
    /// The version of the binary.
    pub binary: String,
    /// The histories of other tools that were there, with what they claimed.
    pub from: Vec<String>,
    /// What differed from the sealed schema.
    pub accepted: Vec<Accepted>,
}

/// An object that differed from the sealed schema and was accepted as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    /// The object.
    pub object: String,
    /// As it was; none where it was not there.
    pub found: Option<String>,
    /// Why.
    pub reason: String,
}

impl Adoption {
    /// The comment: a line for people, and one for machines.
    ///
    /// # Errors
    /// It cannot be written as JSON, which does not happen.
    pub fn comment(&self) -> Result<String, serde_json::Error> {
        let json = serde_json::to_string(self)?;
        let Self {
            version,
            role,
            time,
            binary,
            ..
        } = self;
        Ok(format!(
            "adopted at {version} by {role} on {time} with dsentr-migrate {binary}\n{json}"
        ))
    }

    /// Reads a comment; none where it says something else.
    pub fn of(comment: &str) -> Option<Self> {
        let (_, json) = comment.split_once('\n')?;
        serde_json::from_str(json).ok()
    }

    /// Why an object may differ: it is as it was accepted, and has not changed since.
    pub fn reason(&self, difference: &Difference) -> Option<String> {
        let accepted = self.accepted.iter().find(|accepted| {
            accepted.object == difference.object()
                && accepted.found.as_deref() == difference.found()
        })?;
        let Self {
            version,
            role,
            time,
            ..
        } = self;
        let day = time.split('T').next().unwrap_or_default();
        Some(format!(
            "{}, when {role} adopted the database at {version} on {day}",
            accepted.reason
        ))
    }
}
