//! What a run would do, forward or back: pure functions of (embedded, history, target).

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::num::NonZeroU32;

use serde::Serialize;

use crate::damage::Damaged;
use crate::embedded::{Migration, Rollback};
use crate::history::{History, Row};
use crate::schema::Difference;
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
    pub fn name(&self) -> Cow<'static, str> {
        match self {
            Self::Applied(migration, _)
            | Self::Divergent(migration, _)
            | Self::Pending(migration)
            | Self::OutOfOrder(migration) => migration.stem.into(),
            Self::Unknown(Row { version, name, .. }) => match name {
                Some(name) => format!("{version}_{name}").into(),
                None => version.to_string().into(),
            },
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
    /// The target of a rollback is not applied. Exit code 2.
    NotApplied {
        /// What was asked for.
        target: Version,
        /// The newest version in the history.
        position: Option<Version>,
    },
    /// More was to be rolled back than is applied. Exit code 2.
    TooManySteps {
        /// How many were asked for.
        steps: usize,
        /// How many there are.
        applied: usize,
    },
    /// History and binary disagree. Exit code 4.
    Disagreement(Vec<Disagreement>),
    /// The history says nothing reliable. Exit code 4.
    Damaged(Damaged),
    /// Tables of the sealed schema are there, and the history has nothing. Exit code 4.
    Untracked {
        /// The tables, as SQL names them.
        tables: Vec<String>,
    },
    /// The database is ahead of this binary, and that was asked to be an error. Exit code 4.
    Ahead {
        /// The versions that this binary does not carry.
        versions: Vec<Version>,
    },
}

/// How many tables a message names.
const TABLES_SHOWN: usize = 3;

/// One migration on which history and binary disagree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Disagreement {
    /// Which kind.
    pub state: State,
    /// Its name.
    pub name: String,
    /// What exactly differs.
    pub reason: String,
    /// Whether the row says less than it must, instead of something else.
    #[serde(skip)]
    pub is_incomplete: bool,
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
            Self::NotApplied { target, position } => {
                let position = position.map(|version| version.to_string());
                let at = position.as_deref().unwrap_or("no version");
                write!(f, "{target} is not applied; the database is at {at}")
            }
            Self::TooManySteps { steps, applied } => {
                write!(
                    f,
                    "{steps} migrations cannot be rolled back: {applied} are applied"
                )
            }
            Self::Disagreement(list) => {
                let plural = if list.len() == 1 { "" } else { "s" };
                write!(
                    f,
                    "history and binary disagree on {} migration{plural}; nothing was done",
                    list.len()
                )
            }
            Self::Damaged(damaged) => damaged.fmt(f),
            Self::Untracked { tables } => {
                let shown = tables.len().min(TABLES_SHOWN);
                let plural = if tables.len() == 1 { "" } else { "s" };
                write!(
                    f,
                    "the database has {} table{plural} of this schema and no history of them: {}",
                    tables.len(),
                    tables[..shown].join(", ")
                )?;
                match tables.len() - shown {
                    0 => Ok(()),
                    more => write!(f, " and {more} more"),
                }
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
    check_damage(history)?;
    let entries = compare(embedded, history);
    let newest = embedded.last().map(|migration| migration.version);
    check_agreement(&entries, newest, history)?;
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

/// The same where the first migrations are applied, as they are here, and nothing else is.
///
/// # Errors
/// [`Refusal::NoSuchTarget`].
pub fn plan_after(
    embedded: &[Migration],
    applied: usize,
    target: Option<Version>,
) -> Result<Plan<'_>, Refusal> {
    check_target(embedded, target)?;
    let (before, pending) = embedded.split_at(applied);
    let is_wanted =
        |migration: &&Migration| target.is_none_or(|target| migration.version <= target);
    Ok(Plan {
        steps: pending.iter().take_while(is_wanted).collect(),
        applied,
        position: before.last().map(|migration| migration.version),
        ahead: Vec::new(),
    })
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

fn check_damage(history: &History) -> Result<(), Refusal> {
    match &history.damaged {
        Some(damaged) => Err(Refusal::Damaged(damaged.clone())),
        None => Ok(()),
    }
}

fn check_agreement(
    entries: &[Entry],
    newest: Option<Version>,
    history: &History,
) -> Result<(), Refusal> {
    let disagreements = entries
        .iter()
        .filter_map(|entry| disagreement(entry, newest, history));
    let disagreements: Vec<Disagreement> = disagreements.collect();
    if disagreements.is_empty() {
        return Ok(());
    }
    Err(Refusal::Disagreement(disagreements))
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
            format!("not in the history, and older than {position}, which is")
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
        name: entry.name().into_owned(),
        reason,
        is_incomplete: matches!(
            entry,
            Entry::Divergent(_, row) if row.name.is_none() || row.checksum.is_none()
        ),
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

/// How far back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// To this version, which stays; to before the first, where there is none.
    To(Option<Version>),
    /// So many migrations.
    Steps(NonZeroU32),
}

/// What a rollback would do.
#[derive(Debug, Clone)]
pub struct RollbackPlan<'a> {
    /// The migrations to take back, newest first.
    pub steps: Vec<BackStep<'a>>,
    /// The newest version in the history.
    pub position: Option<Version>,
    /// Where it ends.
    pub to: Option<Version>,
}

/// One migration to take back.
#[derive(Debug, Clone, Copy)]
pub struct BackStep<'a> {
    /// That migration.
    pub migration: &'a Migration,
    /// Its row in the history.
    pub row: &'a Row,
    /// The version before it.
    pub to: Option<Version>,
}

/// Decides what a rollback would do. Whether its steps may be taken is told by [`RollbackPlan::obstacles`].
///
/// On anything that history and binary disagree on there is no plan, wherever it stands: what the schema should be is known
/// only where everything before it was applied as it is here. A newer database is such a disagreement too, since this
/// binary does not know the way back.
///
/// # Errors
/// See [`Refusal`].
pub fn rollback_plan<'a>(
    embedded: &'a [Migration],
    history: &'a History,
    extent: Extent,
) -> Result<RollbackPlan<'a>, Refusal> {
    if let Extent::To(to) = extent {
        check_target(embedded, to)?;
    }
    check_damage(history)?;
    check_agreement(&compare(embedded, history), None, history)?;
    // Both sides agree, so the history is the first part of what is embedded.
    let applied = history.rows.len();
    let kept = kept(embedded, history, extent)?;
    let before = |at: usize| at.checked_sub(1).map(|at| embedded[at].version);
    let steps = (kept..applied).rev().map(|at| BackStep {
        migration: &embedded[at],
        row: &history.rows[at],
        to: before(at),
    });
    Ok(RollbackPlan {
        steps: steps.collect(),
        position: history.position(),
        to: before(kept),
    })
}

/// How many migrations stay.
fn kept(embedded: &[Migration], history: &History, extent: Extent) -> Result<usize, Refusal> {
    let applied = history.rows.len();
    match extent {
        Extent::To(None) => Ok(0),
        Extent::To(Some(target)) => {
            let older = embedded
                .iter()
                .take_while(|migration| migration.version <= target);
            let kept = older.count();
            if kept > applied {
                let position = history.position();
                return Err(Refusal::NotApplied { target, position });
            }
            Ok(kept)
        }
        Extent::Steps(steps) => {
            let steps = usize::try_from(steps.get()).unwrap_or(usize::MAX);
            let kept = applied.checked_sub(steps);
            kept.ok_or(Refusal::TooManySteps { steps, applied })
        }
    }
}

/// Why a rollback may not be begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacles {
    /// Where it was to end.
    pub to: Option<Version>,
    /// All of them.
    pub list: Vec<Obstacle>,
}

/// One thing that keeps a rollback from being begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Obstacle {
    /// A migration has no way back.
    Irreversible {
        /// Its name.
        name: String,
        /// Why.
        reason: String,
    },
    /// The way back of a migration destroys data, and that was not accepted.
    DataLoss {
        /// Its name.
        name: String,
        /// What it destroys, in the words of its file.
        losses: Vec<String>,
    },
    /// What the schema should be is not known, since not all migrations were sealed when this binary was built.
    NotSealed {
        /// The first of them.
        name: String,
        /// How many there are.
        count: usize,
    },
    /// The schema is not as sealed.
    Drift {
        /// The version that the database is at.
        version: String,
        /// What differs.
        differences: Vec<Difference>,
    },
}

impl RollbackPlan<'_> {
    /// What is in the way of its steps, as far as binary and history know.
    pub fn obstacles(&self, embedded: &[Migration], accept_data_loss: bool) -> Vec<Obstacle> {
        let steps = self.steps.iter().filter_map(|step| {
            let name = step.migration.stem.to_owned();
            match step.migration.rollback {
                Rollback::Irreversible { reason } => Some(Obstacle::Irreversible {
                    name,
                    reason: reason.to_owned(),
                }),
                Rollback::Sql { data_loss, .. } if !accept_data_loss && !data_loss.is_empty() => {
                    let losses = data_loss.iter().map(|&loss| loss.to_owned()).collect();
                    Some(Obstacle::DataLoss { name, losses })
                }
                Rollback::Sql { .. } | Rollback::NothingToUndo { .. } => None,
            }
        });
        let applied = embedded
            .iter()
            .take_while(|migration| Some(migration.version) <= self.position);
        let mut unsealed = applied.filter(|migration| migration.seal.is_none());
        let first = unsealed.next().map(|first| Obstacle::NotSealed {
            name: first.stem.to_owned(),
            count: 1 + unsealed.count(),
        });
        steps.chain(first).collect()
    }
}

impl Obstacles {
    /// Whether binary and database do not fit. Otherwise what was asked for cannot be, and something else may be.
    pub fn is_disagreement(&self) -> bool {
        let is_one = |obstacle: &Obstacle| {
            matches!(
                obstacle,
                Obstacle::NotSealed { .. } | Obstacle::Drift { .. }
            )
        };
        self.list.iter().any(is_one)
    }
}

impl fmt::Display for Obstacles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to {
            Some(to) => write!(f, "the rollback to {to} cannot be begun"),
            None => f.write_str("the rollback of everything cannot be begun"),
        }
    }
}
