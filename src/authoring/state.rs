//! A database at one moment: its schema, what a rollback has to bring back beyond that, and its rows.

use std::collections::BTreeMap;

use crate::config::HistoryTable;
use crate::schema::{Difference, Objects, Schema, Scope, differences, literal};
use tokio_postgres::{Client, SimpleQueryMessage};

/// The roles of Dsentr: what they may, and who is a member of which.
const ROLES: &str = "
SELECT 'role ' || rolname, concat_ws(' ',
    CASE WHEN rolsuper THEN 'superuser' END, CASE WHEN rolinherit THEN 'inherit' ELSE 'noinherit' END,
    CASE WHEN rolcreaterole THEN 'createrole' END, CASE WHEN rolcreatedb THEN 'createdb' END,
    CASE WHEN rolcanlogin THEN 'login' ELSE 'nologin' END, CASE WHEN rolreplication THEN 'replication' END,
    CASE WHEN rolbypassrls THEN 'bypassrls' END)
FROM pg_roles WHERE rolname LIKE 'dsentr%'
UNION ALL
-- Since PostgreSQL 16 a membership is there once for each role that granted it.
SELECT 'member ' || member::regrole || ' of ' || roleid::regrole || ' by ' || grantor::regrole, concat('admin ', admin_option)
FROM pg_auth_members WHERE roleid::regrole::text LIKE 'dsentr%' OR member::regrole::text LIKE 'dsentr%'
";

/// A row, by column.
pub(super) type Row = serde_json::Map<String, serde_json::Value>;

/// The rows of each table, in an order that does not depend on where they are stored.
pub(super) type Rows = BTreeMap<String, Vec<Row>>;

/// A database at one moment.
#[derive(Clone, Debug)]
pub(super) struct State {
    /// Its schema.
    pub(super) objects: Objects,
    /// The roles of Dsentr, which belong to the server and to no schema.
    roles: Objects,
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
        history: &HistoryTable,
        stance: Stance,
    ) -> Result<Self, tokio_postgres::Error> {
        let scope = Scope {
            history,
            schemas: None,
        };
        let schema = match stance {
            Stance::Outside => Schema::read(client, scope).await?,
            Stance::Within => Schema::read_within(client, scope).await?,
        };
        Ok(Self {
            rows: rows(client, &schema.objects).await?,
            roles: roles(client).await?,
            objects: schema.objects,
        })
    }

    /// The same database later, where nothing happened in it: roles belong to the server.
    pub(super) async fn later(self, client: &Client) -> Result<Self, tokio_postgres::Error> {
        Ok(Self {
            roles: roles(client).await?,
            ..self
        })
    }

    /// What is in `found` otherwise than here, the roles too.
    pub(super) fn differences(&self, found: &Self) -> Vec<Difference> {
        let of = |expected: &Objects, found| {
            let expected = expected
                .iter()
                .map(|(object, definition)| (object.as_str(), definition.as_str()));
            differences(expected, found)
        };
        [
            of(&self.objects, &found.objects),
            of(&self.roles, &found.roles),
        ]
        .concat()
    }
}

async fn roles(client: &Client) -> Result<Objects, tokio_postgres::Error> {
    let messages = client.simple_query(ROLES).await?;
    let roles = pairs(&messages).map(|(role, attributes)| (role.to_owned(), attributes.to_owned()));
    Ok(roles.collect())
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
