//! What the schema must be at the end of the way back.

use std::collections::BTreeMap;

use super::SCHEMA;
use crate::config::HistoryTable;
use crate::connect::Session;
use crate::schema::{Difference, Schema, Scope};

/// The sealed schema of a version, and what may differ from it.
#[derive(Debug, Clone, Default)]
pub struct Goal<'a> {
    /// The objects that were sealed.
    pub objects: BTreeMap<&'static str, &'static str>,
    /// What differed before the run, and was accepted.
    pub accepted: &'a [Difference],
}

impl Goal<'_> {
    /// What differs from it, inside of the open transaction.
    pub(super) async fn missed(
        &self,
        session: &Session,
        history: &HistoryTable,
    ) -> Result<Vec<Difference>, tokio_postgres::Error> {
        let schema = Schema::read_within(&session.client, scope(history)).await?;
        Ok(beyond(differences(&schema, &self.objects), self.accepted))
    }
}

/// What migrations make is in their schema, or in none.
pub fn scope(history: &HistoryTable) -> Scope<'_> {
    Scope {
        history,
        schemas: Some(&[SCHEMA]),
    }
}

/// What differs from the sealed objects.
pub fn differences(
    schema: &Schema,
    sealed: &BTreeMap<&'static str, &'static str>,
) -> Vec<Difference> {
    schema.differences(
        sealed
            .iter()
            .map(|(object, definition)| (*object, *definition)),
    )
}

/// The differences that are new: not those of an object that was accepted and has not changed since.
fn beyond(differences: Vec<Difference>, accepted: &[Difference]) -> Vec<Difference> {
    let is_new = |now: &Difference| {
        !accepted
            .iter()
            .any(|before| before.object() == now.object() && before.found() == now.found())
    };
    differences.into_iter().filter(is_new).collect()
}
