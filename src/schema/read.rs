//! Reads the schema of a live database.
//!
//! One message, and with it one round trip. Nothing is written, and no more is needed than to connect and USAGE on schema
//! public, since the system catalogs are open to everybody; without that PostgreSQL would leave the schema out of the
//! search path, and print its name. Not read: roles, tablespaces, publications and subscriptions, foreign servers, casts, operators,
//! collations, text search.

use tokio_postgres::{Client, SimpleQueryMessage};

use super::object::seen_by;
use super::{Difference, Objects, differences, normal};
use crate::config::HistoryTable;
use crate::foreign;

/// The question; see its head for what is put into it.
const QUESTION: &str = include_str!("read.sql");

/// What decides how PostgreSQL prints a definition, and how fast. Whoever uses a session may have set it otherwise.
const SETTINGS: &str = "\
SET LOCAL quote_all_identifiers TO off; SET LOCAL standard_conforming_strings TO on; SET LOCAL bytea_output TO hex; \
SET LOCAL extra_float_digits TO 1; SET LOCAL DateStyle TO 'ISO, MDY'; SET LOCAL IntervalStyle TO postgres; \
SET LOCAL TimeZone TO 'UTC'; SET LOCAL jit TO off; SET LOCAL cursor_tuple_fraction TO 1";

/// The row of the question that has the comment on the history.
const REMARK: &str = " comment on history";

/// The objects in a live database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    /// The role that owns the history, or is about to: objects that it owns say nothing of an owner, and where its name
    /// would stand, there is `owner`. Here it is by its name, quoted where SQL wants it.
    pub owner: String,
    /// The objects.
    pub objects: Objects,
    /// The database and schema public, where they belong to another role, with that: the owner can grant nothing on them.
    pub beyond_reach: Objects,
    /// The comment on the history, where [`crate::adoption`] is kept.
    pub remark: Option<String>,
}

/// Which objects are read.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// The history, which does not count, and neither does its ledger.
    pub history: &'a HistoryTable,
    /// The names of the schemas; all but those of the system where there are none. What stands in no schema is always
    /// read: extensions, event triggers, what concerns the whole database.
    pub schemas: Option<&'a [&'a str]>,
}

impl Schema {
    /// Reads outside of a transaction, also through a pooler in transaction mode.
    ///
    /// # Errors
    /// As the server says; the session is as it was.
    pub async fn read(client: &Client, scope: Scope<'_>) -> Result<Self, tokio_postgres::Error> {
        Self::ask(client, &scope.transaction(None, "")).await
    }

    /// As [`Schema::read`], within `limits`, which statements set for the transaction; and where an owner is given, for a
    /// schema that this role has made, in whatever history; its name as [`Schema::owner`] has it.
    ///
    /// # Errors
    /// As the server says; the session is as it was.
    pub async fn read_limited(
        client: &Client,
        scope: Scope<'_>,
        owner: Option<&str>,
        limits: &str,
    ) -> Result<Self, tokio_postgres::Error> {
        Self::ask(client, &scope.transaction(owner, limits)).await
    }

    /// The role that all tables belong to, where that is another than the owner; its name as [`Schema::owner`] has it.
    pub fn other_owner(&self) -> Option<&str> {
        let mut tables = self
            .objects
            .keys()
            .filter(|object| object.starts_with("table "));
        let owner = |table: &String| self.objects.get(&format!("owner of {table}"));
        let first = owner(tables.next()?)?;
        tables
            .all(|table| owner(table) == Some(first))
            .then_some(first)
    }

    async fn ask(client: &Client, sql: &str) -> Result<Self, tokio_postgres::Error> {
        let messages = client.simple_query(sql).await;
        if messages.is_err() {
            // The transaction is open where it has failed. Where the connection is gone, it went with it.
            let _ = client.batch_execute("ROLLBACK").await;
        }
        Ok(Self::of(&messages?))
    }

    /// Reads inside of an open transaction, and sees what was done in it. Its settings are as before.
    ///
    /// # Errors
    /// As the server says; the transaction has failed.
    pub async fn read_within(
        client: &Client,
        scope: Scope<'_>,
    ) -> Result<Self, tokio_postgres::Error> {
        let sql = format!(
            "SAVEPOINT reads_the_schema; {}; \
             ROLLBACK TO SAVEPOINT reads_the_schema; RELEASE SAVEPOINT reads_the_schema",
            scope.question(None)
        );
        Ok(Self::of(&client.simple_query(&sql).await?))
    }

    /// What differs from the objects that should be there, by object. They may have been read in a database with another
    /// owner: where a migration names a role that owns the schema here, it need not be granted anything.
    pub fn differences<'a>(
        &self,
        expected: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Vec<Difference> {
        let expected: Vec<_> = expected
            .into_iter()
            .filter_map(|(object, definition)| seen_by(&self.owner, object, definition))
            .collect();
        let expected = expected
            .iter()
            .map(|(object, definition)| (&**object, &**definition));
        differences(expected, &self.objects)
    }

    /// The role that alone can grant what this object says, where the owner cannot.
    pub fn keeper(&self, object: &str) -> Option<&str> {
        let granted = object.strip_prefix("privileges on ")?;
        let (subject, _) = granted.rsplit_once(" for ")?;
        self.beyond_reach.get(subject).map(String::as_str)
    }

    fn of(messages: &[SimpleQueryMessage]) -> Self {
        let mut schema = Self {
            owner: String::new(),
            objects: Objects::new(),
            beyond_reach: Objects::new(),
            remark: None,
        };
        for message in messages {
            let SimpleQueryMessage::Row(row) = message else {
                continue;
            };
            // PostgreSQL prints what is there now: it knows no definition of what was dropped while we read.
            let (Some(object), Some(definition)) = (row.get(0), row.get(1)) else {
                continue;
            };
            if object.is_empty() {
                definition.clone_into(&mut schema.owner);
            } else if object == REMARK {
                schema.remark = Some(definition.to_owned());
            } else if let Some(subject) = object.strip_prefix(' ') {
                let (subject, role) = (subject.to_owned(), definition.to_owned());
                schema.beyond_reach.insert(subject, role);
            } else {
                let definition = normal::definition(object, definition);
                schema.objects.insert(object.to_owned(), definition);
            }
        }
        schema
    }
}

impl Scope<'_> {
    /// A query for the tables of other tools in it: see [`foreign::claims`].
    pub fn foreign_tables(self) -> String {
        self.put_into(&foreign::tables())
    }

    /// Puts the scope into a query.
    fn put_into(self, query: &str) -> String {
        let spaces = match self.schemas {
            None => r"nspname !~ '^pg_' AND nspname <> 'information_schema'".to_owned(),
            Some(names) => {
                let names: Vec<String> = names.iter().map(|name| literal(name)).collect();
                format!("nspname = ANY (ARRAY[{}]::text[])", names.join(", "))
            }
        };
        query
            .replace("{spaces}", &spaces)
            .replace("{history_schema}", &literal(&self.history.schema))
            .replace("{history}", &literal(&self.history.table))
            .replace("{ledger}", &literal(&self.history.ledger().table))
    }

    /// The question in a transaction of its own, which sees one moment.
    fn transaction(self, owner: Option<&str>, limits: &str) -> String {
        format!(
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {limits}{}; COMMIT",
            self.question(owner)
        )
    }

    /// The statements between those that open and close a transaction.
    fn question(self, owner: Option<&str>) -> String {
        let owner = owner.map_or_else(
            || "NULL".to_owned(),
            |owner| format!("{}::regrole::oid", literal(owner)),
        );
        let question = QUESTION.replace("{owner}", &owner);
        let question = question.replace("{foreign_functions}", &foreign::functions());
        let question = self.put_into(&question.replace("{foreign}", &foreign::tables()));
        format!(
            "{SETTINGS}; SET LOCAL search_path TO pg_catalog; \
             DECLARE reads_the_schema NO SCROLL CURSOR FOR {question}; \
             SET LOCAL search_path TO public; FETCH ALL FROM reads_the_schema"
        )
    }
}

/// A text as PostgreSQL takes it literally, whatever `standard_conforming_strings` says.
pub(crate) fn literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') {
        format!("E'{}'", quoted.replace('\\', r"\\"))
    } else {
        format!("'{quoted}'")
    }
}
