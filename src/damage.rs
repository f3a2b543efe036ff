//! What can be wrong with the history: its table is not refinery's any more, or rows of it cannot be. Nothing is read here.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::sql::quote;

/// A history that says nothing reliable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damaged {
    /// Its table, as SQL names it.
    pub table: String,
    /// All that is wrong.
    pub list: Vec<Damage>,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Damage {
    /// A column is not there, at least not under its name.
    MissingColumn {
        /// That column.
        column: &'static str,
        /// The columns that refinery's table does not have: one of them may be it.
        others: Vec<String>,
    },
    /// A column has a type that does not take what it is for.
    WrongType {
        /// That column.
        column: &'static str,
        /// The type that it has.
        found: String,
        /// The type that it should have.
        expected: &'static str,
    },
    /// Nothing keeps two rows from having one version, so that two runners could apply one migration.
    NoKey,
    /// A version is there more than once.
    Duplicate {
        /// That version.
        version: String,
        /// How many rows have it.
        rows: usize,
    },
    /// Rows have no version, or one that is no whole number.
    NoVersion {
        /// How many.
        rows: usize,
    },
}

/// The columns of the table.
#[derive(Debug, Clone, Default)]
pub(crate) struct Columns {
    /// Whether no two rows can have one version.
    pub(crate) is_keyed: bool,
    /// The types, without their lengths, by name.
    pub(crate) types: BTreeMap<String, String>,
}

/// The types that a column may have, the first of them as refinery makes it. Its older releases and its other features have
/// the others.
const TYPES: [(&str, &[&str]); 4] = [
    ("version", &["bigint", "integer"]),
    ("name", &["character varying", "text"]),
    ("applied_on", &["character varying", "text"]),
    ("checksum", &["character varying", "text", "numeric"]),
];

impl Columns {
    /// The columns of refinery's table that are not there.
    pub(crate) fn missing(&self) -> Vec<&'static str> {
        let names = TYPES.iter().map(|(name, _)| *name);
        names
            .filter(|name| !self.types.contains_key(*name))
            .collect()
    }

    /// What is wrong with the table.
    pub(crate) fn damage(&self) -> Vec<Damage> {
        let is_others = |name: &&String| TYPES.iter().all(|(known, _)| known != name);
        let others: Vec<String> = self.types.keys().filter(is_others).cloned().collect();
        let mut damage: Vec<Damage> = TYPES
            .iter()
            .filter_map(|(column, allowed)| match self.types.get(*column) {
                None => Some(Damage::MissingColumn {
                    column,
                    others: others.clone(),
                }),
                Some(found) if !allowed.contains(&found.as_str()) => Some(Damage::WrongType {
                    column,
                    found: found.clone(),
                    expected: allowed[0],
                }),
                Some(_) => None,
            })
            .collect();
        // Without the column there is no key either.
        if !self.is_keyed && self.types.contains_key("version") {
            damage.push(Damage::NoKey);
        }
        damage
    }
}

impl Damaged {
    /// None where nothing is wrong.
    pub(crate) fn of(table: String, list: Vec<Damage>) -> Option<Self> {
        (!list.is_empty()).then_some(Self { table, list })
    }

    /// Whether the rows can be read and compared in spite of it.
    pub fn is_readable(&self) -> bool {
        let hides_rows = |damage: &Damage| {
            matches!(
                damage,
                Damage::MissingColumn { .. } | Damage::NoVersion { .. }
            )
        };
        !self.list.iter().any(hides_rows)
    }

    /// The statements that mend the table, where that loses nothing and is all that is wrong with it.
    pub fn remedies(&self) -> Option<Vec<String>> {
        let statements = self.list.iter().map(|damage| damage.remedy(&self.table));
        statements.collect()
    }
}

impl fmt::Display for Damaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, .. } = self;
        write!(f, "the history {table} is damaged; nothing was done")
    }
}

impl Damage {
    fn remedy(&self, table: &str) -> Option<String> {
        match self {
            Self::MissingColumn { column, others } => match others.as_slice() {
                [other] => Some(format!(
                    "ALTER TABLE {table} RENAME COLUMN {} TO {column}",
                    quote(other)
                )),
                _ => None,
            },
            Self::WrongType {
                column, expected, ..
            } => Some(format!(
                "ALTER TABLE {table} ALTER COLUMN {column} TYPE {expected} USING CAST({column} AS {expected})"
            )),
            Self::NoKey => Some(format!("ALTER TABLE {table} ADD PRIMARY KEY (version)")),
            Self::Duplicate { .. } | Self::NoVersion { .. } => None,
        }
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingColumn { column, others } => {
                write!(f, "the column {column} is missing")?;
                match others.as_slice() {
                    [] => Ok(()),
                    [other] => write!(
                        f,
                        "; there is a column {other}, which it may have been renamed to"
                    ),
                    others => write!(
                        f,
                        "; there are {}, one of which it may have been renamed to",
                        others.join(", ")
                    ),
                }
            }
            Self::WrongType {
                column,
                found,
                expected,
            } => write!(
                f,
                "the column {column} is of type {found} and should be of type {expected}"
            ),
            Self::NoKey => f.write_str(
                "there is no primary key on version, so that two runs could apply one migration",
            ),
            Self::Duplicate { version, rows } => write!(f, "{version} is there {rows} times"),
            Self::NoVersion { rows: 1 } => {
                f.write_str("a row has no version that is a whole number")
            }
            Self::NoVersion { rows } => {
                write!(f, "{rows} rows have no version that is a whole number")
            }
        }
    }
}
