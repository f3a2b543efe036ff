//! A database at one moment: its schema, what a rollback has to bring back beyond that, and its rows.

use std::collections::BTreeMap;

use crate::schema::{Difference, Objects, Schema, Scope, differences, literal};
use tokio_postgres::{Client, SimpleQueryMessage};

/// A row, by column.
pub(super) type Row = serde_json::Map<String, serde_json::Value>;

/// The rows of each table, in an order that does not depend on where they are stored.
pub(super) type Rows = BTreeMap<String, Vec<Row>>;

/// A database at one moment.
#[derive(Clone, Debug)]
pub(super) struct State {
    /// Its schema.
    pub(super) objects: Objects,
    /// What belongs to the server and to no schema, such as roles.
    cluster: Objects,
    /// Its rows.
    pub(super) rows: Rows,
}

/// Whether a transaction is open around the question.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stance {
    /// What is committed.
    Outside,
    /// What was done in the open transaction too.
    Within,
}

impl State {
    /// Reads all of it.
    pub(super) async fn read(
        client: &Client,
        scope: Scope<'_>,
        stance: Stance,
    ) -> Result<Self, tokio_postgres::Error> {
        let schema = match stance {
            Stance::Outside => Schema::read(client, scope).await?,
            Stance::Within => Schema::read_within(client, scope).await?,
        };
        Ok(Self {
            rows: rows(client, &schema.objects).await?,
            cluster: schema.cluster,
            objects: schema.objects,
        })
    }

    /// The same database later, where nothing happened in it: what belongs to the server may have changed.
    pub(super) async fn later(
        self,
        client: &Client,
        scope: Scope<'_>,
    ) -> Result<Self, tokio_postgres::Error> {
        Ok(Self {
            cluster: Schema::read_cluster(client, scope).await?,
            ..self
        })
    }

    /// What is in `found` otherwise than here, what belongs to the server too.
    pub(super) fn differences(&self, found: &Self) -> Vec<Difference> {
        let of = |expected: &Objects, found| {
            let expected = expected
                .iter()
                .map(|(object, definition)| (object.as_str(), definition.as_str()));
            differences(expected, found)
        };
        [
            of(&self.objects, &found.objects),
            of(&self.cluster, &found.cluster),
        ]
        .concat()
    }
}

async fn rows(client: &Client, objects: &Objects) -> Result<Rows, tokio_postgres::Error> {
    let tables = || {
        objects
            .keys()
            .filter_map(|object| object.strip_prefix("table "))
    };
    let mut rows: Rows = tables()
        .map(|table| (table.to_owned(), Vec::new()))
        .collect();
    let selects: Vec<String> = tables()
        .map(|table| {
            format!(
                "SELECT {}, to_jsonb(t)::text COLLATE \"C\" FROM {table} AS t",
                literal(table)
            )
        })
        .collect();
    if selects.is_empty() {
        return Ok(rows);
    }
    let sql = format!("{} ORDER BY 1, 2", selects.join(" UNION ALL "));
    for (table, row) in pairs(&client.simple_query(&sql).await?) {
        // What PostgreSQL calls JSON is that; a number that does not fit is kept as it is written.
        let row = serde_json::from_str(row).unwrap_or_default();
        rows.entry(table.to_owned()).or_default().push(row);
    }
    Ok(rows)
}

fn pairs(messages: &[SimpleQueryMessage]) -> impl Iterator<Item = (&str, &str)> {
    messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some((row.get(0)?, row.get(1)?)),
        _ => None,
    })
}
