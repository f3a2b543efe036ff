//! The migration lock: one runner at a time on one history.
//!
//! It keeps runners from getting in each other's way. That each migration is applied once does
//! not rest on it: `apply` writes the history row first, and its primary key decides.

mod acquire;
mod activity;
mod blocker;
mod held;
mod holder;

use std::fmt;

use tokio_postgres::{SimpleQueryMessage, SimpleQueryRow};

pub use self::acquire::{acquire, key};
pub(crate) use self::activity::{IS_HIDDEN, blocker_columns};
pub use self::blocker::Blocker;
pub use self::held::Held;
pub use self::holder::Holder;
use crate::config::{ConfigError, Timeout};
use crate::connect::{Session, broken};
use crate::error::Error;
use crate::server_error::ServerError;

/// What the errors of this module's questions begin with.
const PURPOSE: &str = "the migration lock";

/// A lock was not to be had. Exit code 5: worth another try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LockTimeout {
    /// Another runner held it for too long.
    Held {
        /// How long was waited.
        waited: Timeout,
        /// Who held it at the end, in the server's words.
        holder: Option<Box<Holder>>,
    },
    /// Somebody held a table for himself alone for too long, and the schema could not be read.
    Schema {
        /// How long was waited.
        waited: Timeout,
        /// Who it was at the end, as far as that could be learned.
        blockers: Vec<Blocker>,
    },
    /// A migration needs it, and the pooler gave no second connection to hold it.
    NoConnection,
}

impl fmt::Display for LockTimeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (waited, holder) = match self {
            Self::Held { waited, holder } => (waited, holder),
            Self::Schema { waited, .. } => {
                return write!(
                    f,
                    "the schema could not be read within {waited}: somebody holds a table for himself alone"
                );
            }
            Self::NoConnection => {
                return f.write_str(
                    "a migration that runs without a transaction needs the migration lock, and the connection pooler gave no second connection to hold it",
                );
            }
        };
        write!(f, "the migration lock was not obtained within {waited}")?;
        match holder {
            Some(holder) => write!(f, ": {holder}"),
            None => Ok(()),
        }
    }
}

/// The server takes no writes. Exit code 6: after a failover, or when the reason is gone, it may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadOnly {
    /// It is a standby, which follows another server.
    Standby,
    /// The role, the database or the server says that transactions are read-only.
    Setting,
}

impl fmt::Display for ReadOnly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Standby => "the server is a standby and takes no writes; nothing was done",
            Self::Setting => {
                "transactions are read-only here (default_transaction_read_only); nothing was done"
            }
        })
    }
}

/// A question of this module.
async fn ask(session: &Session, sql: &str) -> Result<Vec<SimpleQueryMessage>, Error> {
    let answer = session.client.simple_query(sql).await;
    answer.map_err(|error| refused(&error))
}

/// In statement mode a pooler ends the connection of whoever opens a transaction.
fn refused(error: &tokio_postgres::Error) -> Error {
    let knows_no_transactions = ServerError::find(error)
        .is_some_and(|server| server.message.contains("statement pooling mode"));
    if !knows_no_transactions {
        return broken(PURPOSE, error);
    }
    ConfigError::new("the connection pooler works in statement mode, where there are no transactions: a migration could stop half-way; nothing was done")
        .with_help("connect to the server itself, or through a pool in session or transaction mode")
        .into()
}

fn first_row(messages: &[SimpleQueryMessage]) -> Option<&SimpleQueryRow> {
    messages.iter().find_map(row_of)
}

fn row_of(message: &SimpleQueryMessage) -> Option<&SimpleQueryRow> {
    match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    }
}
