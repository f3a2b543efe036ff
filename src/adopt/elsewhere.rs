//! Histories of this binary in other schemas than the one that the settings name.

use super::{Doubt, Version};
use crate::embedded::Migration;
use crate::foreign::History;

/// A history in another schema, which says that migrations of this binary are applied, or may not be read.
#[derive(Debug, Clone)]
pub struct Elsewhere {
    /// Schema and table.
    pub history: History,
    /// The newest migration of this binary in it; none where it may not be read.
    pub position: Option<Version>,
}

/// The histories that are this binary's, or may be: one that other files have left is not meant. A row is this binary's
/// where version, name and checksum are.
pub(super) fn of(embedded: &[Migration], histories: Vec<History>) -> Vec<Elsewhere> {
    let position = |history: &History| {
        let rows = history.rows.iter().flatten();
        let known = rows.filter_map(|row| {
            let mut all = embedded.iter();
            let known = all.find(|one| {
                row.version == one.version.as_i64().to_string()
                    && row.name == one.description
                    && row.checksum == one.checksum.to_string()
            });
            known.map(|one| one.version)
        });
        known.max()
    };
    histories
        .into_iter()
        .map(|history| Elsewhere {
            position: position(&history),
            history,
        })
        .filter(|one| one.position.is_some() || one.history.rows.is_none())
        .collect()
}

impl Elsewhere {
    /// Why nothing is recorded.
    pub(super) fn doubt(&self) -> Doubt {
        let History { schema, table, .. } = &self.history;
        let what = match self.position {
            Some(version) => {
                format!("{schema}.{table} is a history of this binary, at {version}")
            }
            None => {
                format!("{schema}.{table} may be a history of this binary, and may not be read")
            }
        };
        Doubt {
            what,
            remedy: format!(
                "if that is the history of this database, set history.schema to {schema} and history.table to {table}"
            ),
        }
    }
}
