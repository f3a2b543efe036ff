//! A database at one moment: its schema, what a rollback has to bring back beyond that, and its rows.

use std::collections::BTreeMap;

use crate::schema::{Difference, Objects, Schema, Scope, differences, literal};
use tokio_postgres::{Client, SimpleQueryMessage};

/// A row, by column.
pub(super) type Row = serde_json::Map<String, serde_json::Value>;

/// Each table that keeps rows here, by its name.
pub(super) type Rows = BTreeMap<String, Table>;

/// A table at one moment.
#[derive(Clone, Default, Debug)]
pub(super) struct Table {
    /// What stays the same when it is renamed.
    pub(super) oid: u32,
    /// The number of each column, which stays the same when that is renamed.
    pub(super) columns: BTreeMap<String, i16>,
    /// Its rows, in an order that does not depend on where they are stored.
    pub(super) rows: Vec<Row>,
}

/// The columns of the tables that are named, and whether rows of other tables are read with theirs: of partitions, or of
/// tables that inherit. A foreign table keeps its rows elsewhere: to read them would connect to another server, in its own
/// name and as a part of another table.
const TABLES: &str = "
WITH RECURSIVE named AS (
    SELECT name, to_regclass(name)::oid AS oid FROM unnest($1::text[]) AS name
), part AS (
    SELECT named.oid AS root, named.oid FROM named
    UNION SELECT part.root, inhrelid FROM part JOIN pg_inherits ON inhparent = part.oid
), leads_away AS (
    SELECT DISTINCT root FROM part JOIN pg_class AS c ON c.oid = part.oid WHERE relkind = 'f'
)
SELECT named.name, c.oid, attname::text, attnum, EXISTS (SELECT FROM leads_away WHERE root = c.oid)
FROM named JOIN pg_class AS c ON c.oid = named.oid
LEFT JOIN pg_attribute ON attrelid = c.oid AND attnum > 0 AND NOT attisdropped
WHERE relkind <> 'f' AND NOT (relkind = 'p' AND EXISTS (SELECT FROM leads_away WHERE root = c.oid))";

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
    let names = objects.keys();
    let names: Vec<&str> = names
        .filter_map(|object| object.strip_prefix("table "))
        .collect();
    let mut tables = Rows::new();
    let mut selects = BTreeMap::new();
    for row in client.query(TABLES, &[&names]).await? {
        let (name, leads_away): (String, bool) = (row.get(0), row.get(4));
        let only = if leads_away { "ONLY " } else { "" };
        selects.insert(
            name.clone(),
            format!(
                "SELECT {}, to_jsonb(t)::text COLLATE \"C\" FROM {only}{name} AS t",
                literal(&name)
            ),
        );
        let table = tables.entry(name).or_default();
        table.oid = row.get(1);
        let column: Option<String> = row.get(2);
        table
            .columns
            .extend(column.map(|column| (column, row.get(3))));
    }
    if selects.is_empty() {
        return Ok(tables);
    }
    let selects: Vec<String> = selects.into_values().collect();
    let sql = format!("{} ORDER BY 1, 2", selects.join(" UNION ALL "));
    for (table, row) in pairs(&client.simple_query(&sql).await?) {
        // What PostgreSQL calls JSON is that; a number that does not fit is kept as it is written.
        let row = serde_json::from_str(row).unwrap_or_default();
        tables.entry(table.to_owned()).or_default().rows.push(row);
    }
    Ok(tables)
}

fn pairs(messages: &[SimpleQueryMessage]) -> impl Iterator<Item = (&str, &str)> {
    messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some((row.get(0)?, row.get(1)?)),
        _ => None,
    })
}
