//! What the schema must be at the end of the way back.

use std::collections::BTreeMap;

use crate::config::{HistoryTable, Ignore};
use crate::connect::Session;
use crate::schema::{Difference, Schema, Scope, steady};
use crate::source::Version;
use crate::verify::judge;

/// The sealed schema of a version, and what may differ from it.
#[derive(Debug, Clone)]
pub struct Goal<'a> {
    /// That version; none before the first.
    pub version: Option<Version>,
    /// The objects that were sealed.
    pub sealed: BTreeMap<&'static str, &'static str>,
    /// The names of the schemas that migrations use.
    pub schemas: &'a [&'a str],
    /// What the settings ignore.
    pub ignore: &'a [Ignore],
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
        let scope = Scope {
            history,
            schemas: Some(self.schemas),
            major: session.major(),
            cluster: false,
        };
        let live = Schema::read_within(&session.client, scope).await?;
        let verdict = judge(&self.sealed, self.version, &live, self.ignore);
        if verdict.drift.is_empty() {
            return Ok(Vec::new());
        }
        let again = Schema::read_within(&session.client, scope).await?;
        let second = judge(&self.sealed, self.version, &again, self.ignore);
        let drift = steady(&verdict.drift, &live, second.drift, &again);
        Ok(beyond(drift, self.accepted))
    }
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
