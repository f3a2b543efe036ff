//! The history: what the database says was applied. Read only; `apply` writes it.
//!
//! The table is refinery's, and so are its rows. It is read with a query of our own, because
//! refinery's driver panics on a row that was written by hand.

use std::pin::pin;

use futures_util::TryStreamExt;
use tokio_postgres::{SimpleQueryMessage, SimpleQueryRow};

use crate::config::HistoryTable;
use crate::connect::{Session, broken};
use crate::damage::{Columns, Damage, Damaged};
use crate::embedded::Migration;
use crate::error::Error;
use crate::server_error::ServerError;
use crate::source::Version;
use crate::sql::literal;
pub(crate) use crate::sql::quote;

/// `undefined_table`
const UNDEFINED_TABLE: &str = "42P01";

/// `undefined_column` and `undefined_function`: the table is there, and its columns are not as they should be.
const OTHER_COLUMNS: [&str; 2] = ["42703", "42883"];

/// What the database says was applied.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    /// Whether the table is there.
    pub exists: bool,
    /// Its rows, by version, one for each; none where a column is missing.
    pub rows: Vec<Row>,
    /// What is wrong with the table or with its rows.
    pub damaged: Option<Damaged>,
    /// Whose the table is.
    pub owner: Option<Owner>,
}

/// Whose the history is, as seen by the role that asks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Owner {
    /// The role that owns the table.
    pub name: String,
    /// The role that asks, and that will own what it makes.
    pub current: String,
    /// Whether the owner grants on new tables and the like what the role that asks does not.
    pub grants_by_default: bool,
}

/// The same in one row, which says how much of what is embedded was applied where that is all that was.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Digest {
    /// How many rows there are; none where the columns are not as they should be.
    rows: Option<usize>,
    /// The sum of their hashes; none where there are no rows.
    sum: Option<i128>,
}

/// One applied migration. A row that was written by hand may lack anything but the version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its version; may be a number that no file name can have.
    pub version: Version,
    /// Its description.
    pub name: Option<String>,
    /// When it was applied, as the one who did it wrote it: RFC 3339 where that was refinery.
    pub applied_on: Option<String>,
    /// refinery's checksum over description, version and forward part.
    pub checksum: Option<String>,
}

/// Between the name of the history and a number, in the name of one that another has taken the place of.
pub(crate) const KEPT: &str = "_old_";

impl HistoryTable {
    /// Schema and name, quoted: correct in every statement, whatever the `search_path`.
    pub fn qualified(&self) -> String {
        format!("{}.{}", quote(&self.schema), quote(&self.table))
    }

    /// The table beside it, which is there while a migration without a transaction is under way.
    #[must_use]
    pub fn ledger(&self) -> Self {
        Self {
            schema: self.schema.clone(),
            table: format!("{}_ledger", self.table),
        }
    }

    /// What it is called once another one has taken its place.
    #[must_use]
    pub fn kept(&self, nth: u32) -> Self {
        Self {
            schema: self.schema.clone(),
            table: format!("{}{KEPT}{nth}", self.table),
        }
    }
}

impl History {
    /// Asks the database, in one round trip, with or without the table. The session is without timeouts from then on where
    /// it is our own.
    ///
    /// # Errors
    /// The role may not read the table, or the connection is lost.
    pub async fn read(session: &Session, table: &HistoryTable) -> Result<Self, Error> {
        let answer = Answer::of(session, table, &COLUMNS).await?;
        let missing = answer.columns.missing();
        let answer = match answer.outcome {
            Outcome::Rows => answer,
            Outcome::Absent => return Ok(Self::default()),
            // What is there of the rows is worth something to whoever has them written anew.
            Outcome::OtherColumns if missing.contains(&"version") => answer,
            Outcome::OtherColumns => {
                let present = COLUMNS.map(|column| {
                    let is_missing = missing.contains(&column);
                    if is_missing { "NULL" } else { column }
                });
                Answer::of(session, table, &present).await?
            }
        };
        Ok(answer.history(table))
    }

    /// The newest version that was applied.
    pub fn position(&self) -> Option<Version> {
        self.rows.last().map(|row| row.version)
    }
}

/// The columns of refinery's table.
pub(crate) const COLUMNS: [&str; 4] = ["version", "name", "applied_on", "checksum"];

/// What the server says of the table and of its rows.
struct Answer {
    owner: Option<Owner>,
    columns: Columns,
    rows: Vec<Row>,
    /// How many rows have a version that is no whole number.
    unnumbered: usize,
    outcome: Outcome,
}

/// What became of the question for the rows.
#[derive(Clone, Copy)]
enum Outcome {
    Rows,
    Absent,
    OtherColumns,
}

impl Answer {
    async fn of(
        session: &Session,
        table: &HistoryTable,
        columns: &[&str; 4],
    ) -> Result<Self, Error> {
        let sql = format!(
            "{}{}; SELECT {} FROM {} ORDER BY version",
            session.without_timeouts_if_ours(),
            description(table),
            columns.join(", "),
            table.qualified()
        );
        let mut answer = Self {
            owner: None,
            columns: Columns::default(),
            rows: Vec::new(),
            unnumbered: 0,
            outcome: Outcome::Rows,
        };
        let read = |row: &SimpleQueryRow| match row.len() {
            DESCRIPTION => answer.describe(row),
            _ => match read_row(row) {
                Some(row) => answer.rows.push(row),
                None => answer.unnumbered += 1,
            },
        };
        match ask(session, &sql, read).await {
            Ok(()) => {}
            Err(error) if has_code(&error, &[UNDEFINED_TABLE]) => answer.outcome = Outcome::Absent,
            Err(error) if has_code(&error, &OTHER_COLUMNS) && answer.owner.is_some() => {
                answer.outcome = Outcome::OtherColumns;
            }
            Err(error) => return Err(unreadable(table, &error)),
        }
        Ok(answer)
    }

    /// From the row of [`description`].
    fn describe(&mut self, row: &SimpleQueryRow) {
        let text = |column: usize| row.get(column).unwrap_or_default().to_owned();
        self.owner = Some(Owner {
            name: text(0),
            current: text(1),
            grants_by_default: row.get(2) == Some("t"),
        });
        self.columns = Columns {
            is_keyed: row.get(3) == Some("t"),
            types: serde_json::from_str(&text(4)).unwrap_or_default(),
        };
    }

    fn history(self, table: &HistoryTable) -> History {
        let mut damage = self.columns.damage();
        let mut rows = self.rows;
        if self.unnumbered > 0 {
            damage.push(Damage::NoVersion {
                rows: self.unnumbered,
            });
        }
        // A version that is kept as text comes in the order of letters.
        rows.sort_by_key(|row| row.version);
        damage.extend(duplicates(&rows));
        rows.dedup_by_key(|row| row.version);
        History {
            exists: true,
            rows,
            damaged: Damaged::of(table.qualified(), damage),
            owner: self.owner,
        }
    }
}

/// The versions that several rows have.
fn duplicates(rows: &[Row]) -> impl Iterator<Item = Damage> {
    let alike = rows.chunk_by(|one, next| one.version == next.version);
    alike
        .filter(|alike| alike.len() > 1)
        .map(|alike| Damage::Duplicate {
            version: alike[0].version.to_string(),
            rows: alike.len(),
        })
}

/// How many columns the row of [`description`] has.
const DESCRIPTION: usize = 5;

/// A query for what the catalogues say of the table, in one row: its owner; the role that asks; whether the owner grants by
/// default what that role does not; whether no two rows can have one version; the columns with their types. It asks in front
/// of the rows, so that it is answered whatever is wrong with those.
fn description(table: &HistoryTable) -> String {
    let granted = |role: &str| {
        format!(
            "SELECT defaclnamespace, defaclobjtype, grantee, privilege_type \
             FROM pg_catalog.pg_default_acl, pg_catalog.aclexplode(defaclacl) WHERE defaclrole = {role} AND grantee <> {role}"
        )
    };
    let current = "(SELECT oid FROM pg_catalog.pg_roles WHERE rolname = current_user)";
    format!(
        "SELECT pg_catalog.pg_get_userbyid(c.relowner), current_user, EXISTS ({} EXCEPT {}), \
         EXISTS (SELECT FROM pg_catalog.pg_index i JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = 'version' \
             WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL \
               AND i.indnkeyatts = 1 AND i.indkey[0] = a.attnum), \
         (SELECT json_object_agg(a.attname, pg_catalog.format_type(a.atttypid, NULL)) FROM pg_catalog.pg_attribute a \
             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname = {} AND c.relname = {}",
        granted("c.relowner"),
        granted(current),
        literal(&table.schema),
        literal(&table.table),
    )
}

impl Digest {
    /// Asks the database, in one round trip and for one row, with or without the table.
    ///
    /// # Errors
    /// As [`History::read`].
    pub async fn read(session: &Session, table: &HistoryTable) -> Result<Self, Error> {
        let sql = session.without_timeouts() + &question(table);
        let mut digest = Self::default();
        match ask(session, &sql, |row| digest = read_digest(row)).await {
            Ok(()) => Ok(digest),
            Err(error) if has_code(&error, &[UNDEFINED_TABLE]) => Ok(Self {
                rows: Some(0),
                sum: None,
            }),
            Err(error) if has_code(&error, &OTHER_COLUMNS) => Ok(Self::default()),
            Err(error) => Err(unreadable(table, &error)),
        }
    }

    /// How many of the embedded migrations are applied, where those are the first of them, as they are here, and nothing
    /// else is. None says no more than that the rows have to be read.
    pub fn applied(&self, embedded: &[Migration]) -> Option<usize> {
        let rows = self.rows?;
        let Some(newest) = rows.checked_sub(1) else {
            return Some(0);
        };
        let is_ours = self.sum == Some(embedded.get(newest)?.applied_sum);
        is_ours.then_some(rows)
    }
}

/// The digest is the number of the rows and the sum of a hash of each: of its name, begun with that of its checksum, which is
/// begun with that of its version. Where one of them is NULL, the row counts in the number alone. The hash is no stronger
/// than the checksums, and need not be: whoever may write the history can write what he likes into it.
///
/// Of all that a server could compute this costs it least, with many rows and with few: a connection that has just been
/// opened looks up each function that is named, and of OpenSSL, which has the strong hashes, it has to read the settings.
/// With 10,000 rows it takes half as long again as to count them.
///
/// The condition is always true and is taken away before the first row is looked at. It is there for the types of its
/// columns: where they are others the functions do not exist, which is an error; a version that is a text would have the same
/// hash.
///
/// Nothing in it depends on the order of letters. The functions are named with their schema, since one of somebody else's
/// may fit better and would run as us.
fn question(table: &HistoryTable) -> String {
    let hash = ["version", "checksum", "name"]
        .iter()
        .fold("'0'".to_owned(), |begin, column| {
            let text = format!("CAST({column} AS pg_catalog.text) COLLATE pg_catalog.\"C\"");
            format!("pg_catalog.hashtextextended({text}, {begin})")
        });
    format!(
        "SELECT pg_catalog.count(*), pg_catalog.sum({hash}) FROM {} \
         WHERE true OR pg_catalog.int8out(version) IS NULL OR pg_catalog.textout(applied_on) IS NULL",
        table.qualified()
    )
}

/// Reads each row of the answer as it comes, since all of them as the server sends them are twice as large.
async fn ask(
    session: &Session,
    question: &str,
    mut read: impl FnMut(&SimpleQueryRow),
) -> Result<(), tokio_postgres::Error> {
    let mut messages = pin!(session.client.simple_query_raw(question).await?);
    while let Some(message) = messages.try_next().await? {
        if let SimpleQueryMessage::Row(row) = message {
            read(&row);
        }
    }
    Ok(())
}

/// Asking first whether the table is there, and as it should be, would cost a round trip on every run.
fn has_code(error: &tokio_postgres::Error, codes: &[&str]) -> bool {
    ServerError::find(error).is_some_and(|error| codes.contains(&error.code.as_str()))
}

fn unreadable(table: &HistoryTable, error: &tokio_postgres::Error) -> Error {
    let purpose = format!("the history {} cannot be read", table.qualified());
    broken(&purpose, error)
}

fn read_digest(row: &SimpleQueryRow) -> Digest {
    Digest {
        rows: row.get(0).and_then(|count| count.parse().ok()),
        sum: row.get(1).and_then(|sum| sum.parse().ok()),
    }
}

/// None where the version is no whole number.
fn read_row(row: &SimpleQueryRow) -> Option<Row> {
    let text = |column: usize| row.get(column).map(str::to_owned);
    Some(Row {
        version: Version::from_i64(row.get(0)?.parse().ok()?),
        name: text(1),
        applied_on: text(2),
        checksum: text(3),
    })
}
