//! Reads the schema of a live database.
//!
//! One message, and with it one round trip. Nothing is written, and no more is needed than to connect and USAGE on schema
//! public, since the system catalogs are open to everybody; without that PostgreSQL would leave the schema out of the
//! search path, and print its name. Not read: large objects, which are data; the options of a user mapping and the
//! connection of a subscription, which hold passwords; and where a table is stored.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use tokio_postgres::error::DbError;
use tokio_postgres::{Client, SimpleQueryMessage, SimpleQueryRow};

use super::object::{above, seen_by, split_at_last};
use super::{Difference, Objects, differences, known, normal};
use crate::config::HistoryTable;
use crate::foreign;
use crate::sql::literal;

/// What is read; see its head for what is put into it.
const SCOPE: &str = include_str!("read/scope.sql");

/// The rows, each file with the major version from which on the server has what it names.
const ROWS: &[(u32, &str)] = &[
    (0, include_str!("read/database.sql")),
    (0, include_str!("read/tables.sql")),
    (0, include_str!("read/indexes.sql")),
    (0, include_str!("read/types.sql")),
    (0, include_str!("read/functions.sql")),
    (0, include_str!("read/triggers.sql")),
    (0, include_str!("read/privileges.sql")),
    (0, include_str!("read/unknown.sql")),
    (14, include_str!("read/since_14.sql")),
    (15, include_str!("read/since_15.sql")),
];

/// The rows that give [`Schema::cluster`].
const CLUSTER: &[(u32, &str)] = &[
    (0, include_str!("read/cluster.sql")),
    (15, include_str!("read/cluster_since_15.sql")),
];

/// What decides how PostgreSQL prints a definition, and how fast. Whoever uses a session may have set it otherwise.
/// The planner knows nothing of how many rows a step of the query gives, and would join two of them by comparing each row
/// with each: without nested loops the time grows with the number of objects alone.
pub const SETTINGS: &str = "\
SET LOCAL quote_all_identifiers TO off; SET LOCAL standard_conforming_strings TO on; SET LOCAL bytea_output TO hex; \
SET LOCAL extra_float_digits TO 1; SET LOCAL DateStyle TO 'ISO, MDY'; SET LOCAL IntervalStyle TO postgres; \
SET LOCAL TimeZone TO 'UTC'; SET LOCAL jit TO off; SET LOCAL cursor_tuple_fraction TO 1; SET LOCAL work_mem TO '32MB'; \
SET LOCAL enable_nestloop TO off; SET LOCAL enable_hashjoin TO on; SET LOCAL enable_mergejoin TO on; \
SET LOCAL enable_sort TO on; SET LOCAL max_parallel_workers_per_gather TO 0";

/// The row of the question that has the comment on the history.
const REMARK: &str = " comment on history";

/// For how long the schema is read again where somebody changes it at the same time.
const BUDGET: Duration = Duration::from_secs(10);

/// The first pause before that; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(10);

/// The objects in a live database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    /// The role that owns the history, or is about to: objects that it owns say nothing of an owner, and where its name
    /// would stand, there is `owner`. Here it is by its name, quoted where SQL wants it.
    pub owner: String,
    /// The objects.
    pub objects: Objects,
    /// Those of them that belong to the database rather than to a schema of it, or that a program makes at run time: they
    /// count where a migration made them.
    pub shared: BTreeSet<String>,
    /// Those of them that are indexes which are not valid, with their object identifiers.
    pub invalid: BTreeMap<String, String>,
    /// Indexes that somebody builds, or builds anew, at this moment without keeping writers away. They are not among the
    /// objects.
    pub building: Objects,
    /// What belongs to the server and not to a database: roles, memberships, tablespaces, privileges on parameters.
    pub cluster: Objects,
    /// What the catalogs hold and this reader does not know, such as an option of a newer server. It is not compared.
    pub unknown: Objects,
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
    /// The names of the schemas; all but those of the system where there are none. What is in no schema is always
    /// read: extensions, event triggers, what concerns the whole database.
    pub schemas: Option<&'a [&'a str]>,
    /// The major version of the server; some catalogs are there from one on.
    pub major: u32,
    /// Whether [`Schema::cluster`] is read too. While table locks are held, nothing is read that is not compared.
    pub cluster: bool,
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
        // The transaction is open where it has failed. Where the connection is gone, it went with it.
        Self::ask_again(client, sql, "ROLLBACK").await
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
            "SAVEPOINT reads_the_schema; {}; {TO_SAVEPOINT}",
            scope.question(None)
        );
        Self::ask_again(client, &sql, TO_SAVEPOINT).await
    }

    /// Asks until nobody has dropped what was about to be printed. `clean_up` ends what an error has left open.
    async fn ask_again(
        client: &Client,
        sql: &str,
        clean_up: &str,
    ) -> Result<Self, tokio_postgres::Error> {
        let start = Instant::now();
        let mut pause = FIRST_PAUSE;
        loop {
            match client.simple_query(sql).await {
                Ok(messages) => return Ok(Self::of(&messages)),
                Err(error) if is_overtaken(&error) && start.elapsed() < BUDGET => {
                    tracing::debug!(
                        reason = error.as_db_error().map(DbError::message),
                        "somebody changes the schema while it is read: reading again"
                    );
                    client.batch_execute(clean_up).await?;
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                Err(error) => {
                    if clean_up != TO_SAVEPOINT {
                        let _ = client.batch_execute(clean_up).await;
                    }
                    return Err(error);
                }
            }
        }
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
        let (subject, _) = split_at_last(granted, " for ")?;
        self.beyond_reach.get(subject).map(String::as_str)
    }

    /// What belongs to the server and not to one database: see [`Schema::cluster`].
    ///
    /// # Errors
    /// As the server says.
    pub async fn read_cluster(
        client: &Client,
        scope: Scope<'_>,
    ) -> Result<Objects, tokio_postgres::Error> {
        let sql = in_transaction(&scope.question_of(CLUSTER.iter(), None), "");
        Ok(Self::ask(client, &sql).await?.cluster)
    }

    /// An object, and all that it is a part of.
    pub fn with_wholes(&self, object: &str) -> Vec<String> {
        let of = |object: &str| self.objects.get(object).map(String::as_str);
        let mut all = vec![object.to_owned()];
        let mut next = 0;
        while let Some(object) = all.get(next) {
            let wholes = above(object, of);
            all.extend(wholes);
            next += 1;
        }
        all
    }

    /// Whether an object counts only where a migration made it, and none did. A part counts where what it is a part of
    /// does.
    pub fn is_of_others(&self, object: &str, is_sealed: &dyn Fn(&str) -> bool) -> bool {
        if is_sealed(object) {
            return false;
        }
        if self.shared.contains(object) {
            return true;
        }
        let of = |object: &str| self.objects.get(object).map(String::as_str);
        let wholes = above(object, of);
        wholes
            .iter()
            .any(|whole| self.is_of_others(whole, is_sealed))
    }

    fn of(messages: &[SimpleQueryMessage]) -> Self {
        let mut schema = Self {
            owner: String::new(),
            objects: Objects::new(),
            shared: BTreeSet::new(),
            invalid: BTreeMap::new(),
            building: Objects::new(),
            cluster: Objects::new(),
            unknown: Objects::new(),
            beyond_reach: Objects::new(),
            remark: None,
        };
        for message in messages {
            if let SimpleQueryMessage::Row(row) = message {
                schema.take(row);
            }
        }
        for (object, what) in &schema.unknown {
            tracing::debug!(object, what, "not known, and not compared");
        }
        schema
    }

    fn take(&mut self, row: &SimpleQueryRow) {
        // PostgreSQL prints what is there now: it knows no definition of what was dropped while we read.
        let (Some(object), Some(definition)) = (row.get(0), row.get(1)) else {
            return;
        };
        if object.is_empty() {
            definition.clone_into(&mut self.owner);
            return;
        }
        if object == REMARK {
            self.remark = Some(definition.to_owned());
            return;
        }
        if let Some(subject) = object.strip_prefix(' ') {
            let (subject, role) = (subject.to_owned(), definition.to_owned());
            self.beyond_reach.insert(subject, role);
            return;
        }
        let definition = normal::definition(object, definition);
        let object = object.to_owned();
        let place = match row.get(2).unwrap_or_default() {
            "cluster" => &mut self.cluster,
            "unknown" => &mut self.unknown,
            "building" => &mut self.building,
            "shared" => {
                self.shared.insert(object.clone());
                &mut self.objects
            }
            note => {
                if let Some(oid) = note.strip_prefix("oid:") {
                    self.invalid.insert(object.clone(), oid.to_owned());
                }
                &mut self.objects
            }
        };
        place.insert(object, definition);
    }
}

/// Ends what [`Schema::read_within`] has begun.
const TO_SAVEPOINT: &str =
    "ROLLBACK TO SAVEPOINT reads_the_schema; RELEASE SAVEPOINT reads_the_schema";

/// Whether an object was dropped between the query, which sees the moment at which it began, and the functions that print
/// definitions, which see what is there now. The server takes that for an internal error.
fn is_overtaken(error: &tokio_postgres::Error) -> bool {
    let Some(server) = error.as_db_error() else {
        return false;
    };
    let texts = [
        "cache lookup failed for ",
        "could not open relation with OID ",
        "could not find tuple for ",
    ];
    let is_internal = server.code() == &tokio_postgres::error::SqlState::INTERNAL_ERROR;
    is_internal && texts.iter().any(|text| server.message().starts_with(text))
}

impl Scope<'_> {
    /// A query for the tables of other tools in it: see [`foreign::claims`].
    pub fn foreign_tables(self) -> String {
        self.filled(&foreign::tables(), None)
    }

    /// Puts the scope into a query.
    fn filled(self, query: &str, owner: Option<&str>) -> String {
        let spaces = match self.schemas {
            None => r"nspname !~ '^pg_' AND nspname <> 'information_schema'".to_owned(),
            Some(names) => {
                let names: Vec<String> = names.iter().map(|name| literal(name)).collect();
                format!("nspname = ANY (ARRAY[{}]::text[])", names.join(", "))
            }
        };
        fill(query, |name| {
            Some(match name {
                "spaces" => spaces.clone(),
                "history_schema" => literal(&self.history.schema),
                "history" => literal(&self.history.table),
                "ledger" => literal(&self.history.ledger().table),
                "owner" => owner.map_or_else(|| "NULL".to_owned(), literal),
                "foreign" => self.foreign_tables(),
                "foreign_functions" => foreign::functions(),
                other => return known::list(other),
            })
        })
    }

    /// The question in a transaction of its own, which sees one moment.
    fn transaction(self, owner: Option<&str>, limits: &str) -> String {
        in_transaction(&self.question(owner), limits)
    }

    /// The statements between those that open and close a transaction.
    fn question(self, owner: Option<&str>) -> String {
        self.question_of(self.all_rows(), owner)
    }

    /// The query alone, to be looked at with EXPLAIN.
    pub fn query(self) -> String {
        self.query_of(self.all_rows(), None)
    }

    fn all_rows(self) -> impl Iterator<Item = &'static (u32, &'static str)> {
        let cluster = if self.cluster { CLUSTER } else { &[] };
        ROWS.iter().chain(cluster)
    }

    fn query_of(
        self,
        rows: impl Iterator<Item = &'static (u32, &'static str)>,
        owner: Option<&str>,
    ) -> String {
        let rows = rows.filter(|(since, _)| *since <= self.major);
        let rows: Vec<&str> = rows.map(|(_, rows)| *rows).collect();
        let rows = rows.join("UNION ALL\n");
        self.filled(&format!("{SCOPE}{rows}"), owner)
    }

    fn question_of(
        self,
        rows: impl Iterator<Item = &'static (u32, &'static str)>,
        owner: Option<&str>,
    ) -> String {
        let question = self.query_of(rows, owner);
        format!(
            "{SETTINGS}; SET LOCAL search_path TO pg_catalog; \
             DECLARE reads_the_schema NO SCROLL CURSOR FOR {question}; \
             SET LOCAL search_path TO public; FETCH ALL FROM reads_the_schema"
        )
    }
}

fn in_transaction(question: &str, limits: &str) -> String {
    format!("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {limits}{question}; COMMIT")
}

/// Puts values in the place of `{name}`. What is put in is not looked at again, as a name may have braces in it. A name
/// without a value stays as it is.
fn fill(template: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut filled = String::with_capacity(template.len() * 2);
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        let (before, from) = rest.split_at(open);
        filled.push_str(before);
        let end = from.find('}').unwrap_or(from.len() - 1);
        if let Some(value) = value(&from[1..end]) {
            filled.push_str(&value);
            rest = &from[end + 1..];
        } else {
            filled.push('{');
            rest = &from[1..];
        }
    }
    filled + rest
}
