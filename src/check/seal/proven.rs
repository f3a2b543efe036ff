//! The servers that a migration was proven on: majors, and the minor of each.

use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Majors of PostgreSQL, each with its minor. Seals that were made before minors were kept have none.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Proven(BTreeMap<u32, Option<u32>>);

/// A server as it stands in the file: `"16.14"`; or its major alone, in the old form.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Written {
    Major(u32),
    Version(String),
}

impl Proven {
    /// The majors, lowest first.
    pub fn majors(&self) -> impl Iterator<Item = u32> {
        self.0.keys().copied()
    }

    /// Whether this major is one of them.
    pub fn contains(&self, major: u32) -> bool {
        self.0.contains_key(&major)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those of these majors that are missing.
    pub fn lacks(&self, majors: &[u32]) -> BTreeSet<u32> {
        let lacking = majors.iter().filter(|major| !self.contains(**major));
        lacking.copied().collect()
    }

    /// Reads what is written; `None` where one of them is no version, or there twice.
    pub(super) fn read(written: &[Written]) -> Option<Self> {
        let servers: Option<BTreeMap<_, _>> = written.iter().map(Written::server).collect();
        let servers = servers?;
        (servers.len() == written.len()).then_some(Self(servers))
    }

    /// The value in TOML. Where no minor is known it has the old form, so that an old file is as it was.
    pub(super) fn to_toml(&self) -> String {
        let mut text = String::from("[");
        let has_minors = self.0.values().any(Option::is_some);
        for (nth, (major, minor)) in self.0.iter().enumerate() {
            let comma = if nth == 0 { "" } else { ", " };
            // Writing into a String cannot fail.
            let _ = match (minor, has_minors) {
                (Some(minor), _) => write!(text, "{comma}\"{major}.{minor}\""),
                (None, true) => write!(text, "{comma}\"{major}\""),
                (None, false) => write!(text, "{comma}{major}"),
            };
        }
        text + "]"
    }
}

impl Written {
    fn server(&self) -> Option<(u32, Option<u32>)> {
        match self {
            Self::Major(major) => Some((*major, None)),
            Self::Version(version) => match version.split_once('.') {
                Some((major, minor)) => Some((number(major)?, Some(number(minor)?))),
                None => Some((number(version)?, None)),
            },
        }
    }
}

/// As it would be written: without a sign, and without zeros before it.
fn number(digits: &str) -> Option<u32> {
    let number: u32 = digits.parse().ok()?;
    (number.to_string() == digits).then_some(number)
}

impl FromIterator<(u32, Option<u32>)> for Proven {
    fn from_iter<T: IntoIterator<Item = (u32, Option<u32>)>>(servers: T) -> Self {
        Self(servers.into_iter().collect())
    }
}

impl FromIterator<u32> for Proven {
    fn from_iter<T: IntoIterator<Item = u32>>(majors: T) -> Self {
        majors.into_iter().map(|major| (major, None)).collect()
    }
}

impl<const N: usize> From<[u32; N]> for Proven {
    fn from(majors: [u32; N]) -> Self {
        majors.into_iter().collect()
    }
}
