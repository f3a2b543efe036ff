//! What a run would do: a pure function of (embedded, history, target).

use std::cmp::Ordering;
use std::fmt;

use serde::Serialize;

use crate::embedded::Migration;
use crate::history::{History, Row};
use crate::source::Version;

/// How a migration stands between this binary and the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// In the history, as it is here.
    Applied,
    /// Not in the history, and newer than all that is.
    Pending,
    /// In the history, but different here.
    Divergent,
    /// Not in the history, and older than the newest that is.
    OutOfOrder,
    /// In the history, and not in this binary.
    Unknown,
}

/// One migration, seen from both sides.
#[derive(Debug, Clone, Copy)]
pub enum Entry<'e, 'h> {
    /// On both sides, and alike.
    Applied(&'e Migration, &'h Row),
    /// On both sides, and different.
    Divergent(&'e Migration, &'h Row),
    /// In this binary alone, to be applied.
    Pending(&'e Migration),
    /// In this binary alone, and too late.
    OutOfOrder(&'e Migration),
    /// In the history alone.
    Unknown(&'h Row),
}

impl Entry<'_, '_> {
    /// Its state.
    pub fn state(&self) -> State {
        match self {
            Self::Applied(..) => State::Applied,
            Self::Divergent(..) => State::Divergent,
            Self::Pending(_) => State::Pending,
            Self::OutOfOrder(_) => State::OutOfOrder,
            Self::Unknown(_) => State::Unknown,
        }
    }

    /// Its version.
    pub fn version(&self) -> Version {
        match self {
            Self::Applied(migration, _)
            | Self::Divergent(migration, _)
            | Self::Pending(migration)
            | Self::OutOfOrder(migration) => migration.version,
            Self::Unknown(row) => row.version,
        }
    }

    /// Its name: that of the file, or what the history says where there is none.
    pub fn name(&self) -> String {
        match self {
            Self::Applied(migration, _)
            | Self::Divergent(migration, _)
            | Self::Pending(migration)
            | Self::OutOfOrder(migration) => migration.stem.to_owned(),
            Self::Unknown(row) => row.name.as_ref().map_or_else(
                || row.version.to_string(),
                |name| format!("{}_{name}", row.version),
            ),
        }
    }

    /// What the history says of it.
    pub fn row(&self) -> Option<&Row> {
        match self {
            Self::Applied(_, row) | Self::Divergent(_, row) | Self::Unknown(row) => Some(row),
            Self::Pending(_) | Self::OutOfOrder(_) => None,
        }
    }
}

/// Lays both sides next to each other, by version.
pub fn compare<'e, 'h>(embedded: &'e [Migration], history: &'h History) -> Vec<Entry<'e, 'h>> {
    let newest_applied = history.position();
    let mut entries = Vec::with_capacity(embedded.len().max(history.rows.len()));
    let mut rows = history.rows.iter().peekable();
    for migration in embedded {
        while let Some(row) = rows.next_if(|row| row.version < migration.version) {
            entries.push(Entry::Unknown(row));
        }
        entries.push(match rows.next_if(|row| row.version == migration.version) {
            Some(row) if is_same(migration, row) => Entry::Applied(migration, row),
            Some(row) => Entry::Divergent(migration, row),
            None if Some(migration.version) < newest_applied => Entry::OutOfOrder(migration),
            None => Entry::Pending(migration),
        });
    }
    entries.extend(rows.map(Entry::Unknown));
    entries
}

/// The same test as refinery's own: description and checksum.
fn is_same(migration: &Migration, row: &Row) -> bool {
    let checksum = row.checksum.as_deref().and_then(|text| text.parse().ok());
    row.name.as_deref() == Some(migration.description) && checksum == Some(migration.checksum)
}

/// What a run would do.
#[derive(Debug, Clone)]
pub struct Plan<'a> {
    /// The migrations to apply, in order.
    pub steps: Vec<&'a Migration>,
    /// How many migrations of this binary are applied.
    pub applied: usize,
    /// The newest version in the history.
    pub position: Option<Version>,
    /// Versions in the history that are newer than all that this binary carries.
    pub ahead: Vec<Version>,
}

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The target is not embedded. Exit code 2.
    NoSuchTarget {
        /// What was asked for.
        target: Version,
        /// The nearest embedded versions around it.
        neighbours: Vec<Version>,
    },
    /// History and binary disagree. Exit code 4.
    Disagreement(Vec<Disagreement>),
    /// The database is ahead of this binary, and that was asked to be an error. Exit code 4.
    Ahead {
        /// The versions that this binary does not carry.
        versions: Vec<Version>,
    },
}

/// One migration on which history and binary disagree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Disagreement {
    /// Which kind.
    pub state: State,
    /// Its name.
    pub name: String,
    /// What exactly differs.
    pub reason: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchTarget { target, neighbours } => {
                write!(f, "this binary carries no migration with version {target}")?;
                let neighbours: Vec<String> = neighbours.iter().map(Version::to_string).collect();
                if neighbours.is_empty() {
                    Ok(())
                } else {
                    write!(f, "; the nearest are {}", neighbours.join(" and "))
                }
            }
            Self::Disagreement(list) => {
                let plural = if list.len() == 1 { "" } else { "s" };
                write!(
                    f,
                    "history and binary disagree on {} migration{plural}; nothing was done",
                    list.len()
                )
            }
            Self::Ahead { versions } => {
                let plural = if versions.len() == 1 { "" } else { "s" };
                let newest = versions.last().map(Version::to_string).unwrap_or_default();
                write!(
                    f,
                    "the database is ahead of this binary by {} migration{plural}, up to {newest}",
                    versions.len()
                )
            }
        }
    }
}

/// Decides what a run to `target` (default: the newest embedded) would do.
///
/// # Errors
/// See [`Refusal`].
pub fn plan<'a>(
    embedded: &'a [Migration],
    history: &History,
    target: Option<Version>,
) -> Result<Plan<'a>, Refusal> {
    check_target(embedded, target)?;
    let entries = compare(embedded, history);
    let newest = embedded.last().map(|migration| migration.version);
    let disagreements: Vec<Disagreement> = entries
        .iter()
        .filter_map(|entry| disagreement(entry, newest, history))
        .collect();
    if !disagreements.is_empty() {
        return Err(Refusal::Disagreement(disagreements));
    }
    let mut plan = Plan {
        steps: Vec::new(),
        applied: 0,
        position: history.position(),
        ahead: Vec::new(),
    };
    for entry in entries {
        match entry {
            Entry::Pending(migration)
                if target.is_none_or(|target| migration.version <= target) =>
            {
                plan.steps.push(migration);
            }
            Entry::Applied(..) => plan.applied += 1,
            Entry::Unknown(row) => plan.ahead.push(row.version),
            Entry::Pending(_) | Entry::Divergent(..) | Entry::OutOfOrder(_) => {}
        }
    }
    Ok(plan)
}

/// Refuses a version that is not embedded.
pub(crate) fn check_target(embedded: &[Migration], target: Option<Version>) -> Result<(), Refusal> {
    let Some(target) = target else { return Ok(()) };
    match embedded.binary_search_by(|migration| migration.version.cmp(&target)) {
        Ok(_) => Ok(()),
        Err(at) => {
            let neighbours = [at.checked_sub(1), Some(at)].into_iter().flatten();
            let neighbours = neighbours
                .filter_map(|at| embedded.get(at))
                .map(|migration| migration.version)
                .collect();
            Err(Refusal::NoSuchTarget { target, neighbours })
        }
    }
}

/// What is wrong with an entry. A version newer than all embedded ones is not: an older binary
/// meets a newer database in every rolling deployment. With pending migrations it cannot be
/// overlooked, since they are then out of order.
fn disagreement(entry: &Entry, newest: Option<Version>, history: &History) -> Option<Disagreement> {
    let reason = match entry {
        Entry::Divergent(migration, row) => divergence(migration, row),
        Entry::OutOfOrder(_) => {
            let position = history
                .position()
                .map(|version| version.to_string())
                .unwrap_or_default();
            format!("not applied, and older than {position}, which is")
        }
        Entry::Unknown(row)
            if newest.map(|newest| row.version.cmp(&newest)) != Some(Ordering::Greater) =>
        {
            "applied, and not in this binary".to_owned()
        }
        Entry::Applied(..) | Entry::Pending(_) | Entry::Unknown(_) => return None,
    };
    Some(Disagreement {
        state: entry.state(),
        name: entry.name(),
        reason,
    })
}

fn divergence(migration: &Migration, row: &Row) -> String {
    match (&row.name, &row.checksum) {
        (Some(name), _) if name != migration.description => {
            format!("applied under the name {name:?}")
        }
        (None, _) => "applied, without a name in the history".to_owned(),
        (_, Some(checksum)) => format!(
            "applied with checksum {checksum}, here it is {}",
            migration.checksum
        ),
        (_, None) => "applied, without a checksum in the history".to_owned(),
    }
}
