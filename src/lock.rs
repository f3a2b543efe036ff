//! The migration lock: one runner at a time on one history.
//!
//! It keeps runners from getting in each other's way. That each migration is applied once does
//! not rest on it: `apply` writes the history row first, and its primary key decides.

use std::fmt;
use std::hash::Hasher;
use std::time::Duration;

use siphasher::sip::SipHasher13;
use tokio_postgres::{SimpleQueryMessage, SimpleQueryRow};

use crate::config::{ConfigError, HistoryTable, Settings, Timeout};
use crate::connect::{Connector, Session, broken};
use crate::error::Error;
use crate::patience::Patience;
use crate::server_error::ServerError;

/// The first pause between two tries.
const FIRST_PAUSE: Duration = Duration::from_millis(20);

/// The longest pause between two tries: what a runner loses at most after the lock is free.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// For the server to confirm that the lock is free.
const UNLOCK_PATIENCE: Duration = Duration::from_secs(1);

/// What the errors of this module's questions begin with.
const PURPOSE: &str = "the migration lock";

/// The lock was not to be had. Exit code 5: worth another try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LockTimeout {
    /// Another runner held it for too long.
    Held {
        /// How long was waited.
        waited: Timeout,
        /// Who held it at the end, in the server's words.
        holder: Option<Box<Holder>>,
    },
    /// A migration needs it, and the pooler gave no second connection to hold it.
    NoConnection,
}

impl fmt::Display for LockTimeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (waited, holder) = match self {
            Self::Held { waited, holder } => (waited, holder),
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

/// Who holds the lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Process of the server that serves it.
    pub pid: String,
    /// What it calls itself.
    pub application_name: String,
    /// Where it runs.
    pub client: String,
    /// Since when it is connected.
    pub since: String,
    /// What it is doing.
    pub doing: String,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            pid,
            application_name,
            client,
            since,
            doing,
        } = self;
        write!(
            f,
            "held by {application_name} (pid {pid}, from {client}, connected since {since}, {doing})"
        )
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

/// The lock, held. It ends with its session at the latest.
pub enum Held<'a> {
    /// By the session that does the work.
    BySession {
        /// That session.
        session: &'a Session,
        /// The lock's number.
        key: i64,
    },
    /// By an open transaction of a second session. Through a pooler that is the one thing that stays with one server
    /// process; it holds no snapshot, so nothing waits for it.
    ByTransaction(Box<Session>),
    /// By nobody: the pooler has no second connection for us. The history row still decides.
    Nowhere,
}

impl Held<'_> {
    /// Whether the session that does the work has its server process for itself, so that what is set there stays.
    pub fn is_direct(&self) -> bool {
        matches!(self, Self::BySession { .. })
    }

    /// Refuses what nobody else may do at the same time, where nobody holds the lock.
    ///
    /// # Errors
    /// [`LockTimeout::NoConnection`].
    pub fn require(&self) -> Result<(), LockTimeout> {
        match self {
            Self::BySession { .. } | Self::ByTransaction(_) => Ok(()),
            Self::Nowhere => Err(LockTimeout::NoConnection),
        }
    }

    /// Asks the server whether the lock is still held. The session's own would be lost together with the session.
    ///
    /// # Errors
    /// The connection that held it is lost.
    pub async fn confirm(&self) -> Result<(), tokio_postgres::Error> {
        match self {
            Self::BySession { .. } | Self::Nowhere => Ok(()),
            Self::ByTransaction(session) => session.client.simple_query("SELECT").await.map(drop),
        }
    }

    /// Gives the lock back. A lost connection has done so already, and one that is out of reach will.
    pub async fn release(self) {
        match self {
            Self::BySession { session, key } => {
                unlock(
                    session,
                    &format!("SELECT pg_catalog.pg_advisory_unlock({key})"),
                )
                .await;
            }
            Self::ByTransaction(session) => {
                unlock(&session, "ROLLBACK").await;
                session.close().await;
            }
            Self::Nowhere => {}
        }
    }
}

async fn unlock(session: &Session, sql: &str) {
    let answer = session.client.simple_query(sql);
    match tokio::time::timeout(UNLOCK_PATIENCE, answer).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::debug!(error = %broken(PURPOSE, &error), "not unlocked"),
        Err(_) => tracing::debug!("not unlocked: the server does not answer"),
    }
}

/// Waits for the lock, and takes it.
///
/// It is polled, each time in a transaction of its own. Waiting inside `pg_advisory_lock` would
/// hold a snapshot, and a CREATE INDEX CONCURRENTLY of the holder would wait for that for ever.
///
/// # Errors
/// [`LockTimeout`], [`ReadOnly`], a signal, the connection is lost, or a pooler that knows no transactions.
pub async fn acquire<'a>(
    session: &'a Session,
    connector: &Connector<'_>,
    settings: &Settings,
) -> Result<Held<'a>, Error> {
    let lock = Lock {
        connector,
        timeout: settings.lock.timeout,
        connect_timeout: settings.database.connect_timeout,
        key: key(&settings.history),
    };
    match lock.try_directly(session).await? {
        Answer::Taken => Ok(lock.held_by(session)),
        Answer::Busy => lock.wait_directly(session).await,
        Answer::Pooled => lock.through_pooler(session).await,
    }
}

/// A number of our own for this history. The server keeps advisory locks apart by database.
fn key(table: &HistoryTable) -> i64 {
    let mut hasher = SipHasher13::new();
    hasher.write(b"dsentr-migrate ");
    hasher.write(table.qualified().as_bytes());
    hasher.finish().cast_signed()
}

/// What the server said to one try.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    Taken,
    Busy,
    /// Not tried: the process that answers is not the one that let us in, so a lock of the session would be left
    /// with a process that serves others next.
    Pooled,
}

/// What all ways to the lock need.
struct Lock<'c> {
    connector: &'c Connector<'c>,
    timeout: Timeout,
    connect_timeout: Timeout,
    key: i64,
}

impl Lock<'_> {
    fn held_by<'a>(&self, session: &'a Session) -> Held<'a> {
        Held::BySession {
            session,
            key: self.key,
        }
    }

    /// One try with the session's own lock, taken only if no pooler is in between.
    async fn try_directly(&self, session: &Session) -> Result<Answer, Error> {
        let sql = format!(
            "SELECT pg_catalog.pg_is_in_recovery(), pg_catalog.current_setting('transaction_read_only'), \
             CASE WHEN pg_catalog.pg_backend_pid() = {} THEN pg_catalog.pg_try_advisory_lock({}) END",
            session.process, self.key
        );
        let rows = ask(session, &sql).await?;
        let row = first_row(&rows);
        let column = |column| row.and_then(|row| row.get(column));
        if column(0) == Some("t") {
            return Err(ReadOnly::Standby.into());
        }
        if column(1) == Some("on") {
            return Err(ReadOnly::Setting.into());
        }
        Ok(match column(2) {
            Some("t") => Answer::Taken,
            Some(_) => Answer::Busy,
            None => Answer::Pooled,
        })
    }

    async fn wait_directly<'a>(&self, session: &'a Session) -> Result<Held<'a>, Error> {
        let mut patience = self.patience();
        loop {
            self.pause(&mut patience, session).await?;
            if self.try_directly(session).await? == Answer::Taken {
                return Ok(self.held_by(session));
            }
        }
    }

    /// Holds the lock by an open transaction, which a pooler leaves with one process.
    async fn through_pooler<'a>(&self, session: &'a Session) -> Result<Held<'a>, Error> {
        let holder = Box::new(self.connector.connect_once().await?);
        let mut patience = self.patience();
        let mut is_told = false;
        loop {
            match self
                .within_connect_timeout(self.try_in_transaction(&holder))
                .await?
            {
                Some(true) => break,
                Some(false) if !is_told => {
                    warn_of_pooler();
                    is_told = true;
                }
                None if !is_told => return Ok(without_lock()),
                // Where there was a second connection before, others have it now, and give it back.
                Some(false) | None => {}
            }
            self.pause(&mut patience, &holder).await?;
        }
        // A pool of one connection has given it to the transaction, and would let the work wait for ever.
        let answer = self.within_connect_timeout(ask(session, "SELECT")).await?;
        let held = Held::ByTransaction(holder);
        if answer.is_none() {
            held.release().await;
            return Ok(without_lock());
        }
        if !is_told {
            warn_of_pooler();
        }
        Ok(held)
    }

    /// One try; where it fails, the transaction is ended again and its process given back.
    async fn try_in_transaction(&self, holder: &Session) -> Result<bool, Error> {
        // Limits for idle transactions are there for forgotten ones. The second exists since PostgreSQL 17.
        let sql = format!(
            "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL idle_in_transaction_session_timeout TO 0; \
             SELECT pg_catalog.set_config(name, '0', true) FROM pg_catalog.pg_settings WHERE name = 'transaction_timeout'; \
             SELECT pg_catalog.pg_try_advisory_xact_lock({}) AS taken",
            self.key
        );
        let rows = ask(holder, &sql).await?;
        let mut rows = rows.iter().filter_map(row_of);
        let taken = rows.any(|row| row.try_get("taken").ok().flatten() == Some("t"));
        if !taken {
            ask(holder, "ROLLBACK").await?;
        }
        Ok(taken)
    }

    /// None where no answer came in time: the pool is used up.
    async fn within_connect_timeout<T>(
        &self,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<Option<T>, Error> {
        let limited = tokio::time::timeout(self.connect_timeout.0, work);
        match self.connector.stop.unless_stopped(limited).await? {
            Ok(result) => result.map(Some),
            Err(_) => Ok(None),
        }
    }

    fn patience(&self) -> Patience<'_> {
        Patience::new(
            self.timeout,
            FIRST_PAUSE,
            LONGEST_PAUSE,
            self.connector.stop,
        )
    }

    /// Says now and then who holds the lock, and pauses until the next try.
    async fn pause(&self, patience: &mut Patience<'_>, session: &Session) -> Result<(), Error> {
        if patience.is_word_due() {
            let holder = self.holder_in_time(session).await?;
            let holder = holder.as_ref().map(Holder::to_string).unwrap_or_default();
            let waited = patience.elapsed().as_secs();
            tracing::warn!(
                holder,
                waited,
                "waiting for the migration lock, up to {}",
                self.timeout
            );
        }
        if patience.next_try().await? {
            return Ok(());
        }
        Err(LockTimeout::Held {
            waited: self.timeout,
            holder: self.holder_in_time(session).await?.map(Box::new),
        }
        .into())
    }

    /// Nobody, where a pool is used up: to learn it is not worth more than the limit of the wait.
    async fn holder_in_time(&self, session: &Session) -> Result<Option<Holder>, Error> {
        let holder = self.within_connect_timeout(self.holder(session)).await?;
        Ok(holder.flatten())
    }

    /// A bigint key stands in `pg_locks` as two halves, with objsubid 1.
    /// <https://www.postgresql.org/docs/18/view-pg-locks.html>
    async fn holder(&self, session: &Session) -> Result<Option<Holder>, Error> {
        let high = self.key.cast_unsigned() >> 32;
        let low = self.key.cast_unsigned() & u64::from(u32::MAX);
        let sql = format!(
            "SELECT a.pid, coalesce(nullif(a.application_name, ''), 'an unnamed client'), \
                    coalesce(host(a.client_addr), 'the same machine'), \
                    to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), \
                    CASE WHEN a.state = 'active' THEN 'runs: ' || btrim(left(regexp_replace(a.query, '\\s+', ' ', 'g'), 60)) \
                         ELSE coalesce(a.state, 'hidden from this role') END \
             FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a USING (pid) \
             WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND l.classid = {high} AND l.objid = {low} \
               AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())"
        );
        let rows = ask(session, &sql).await?;
        let text =
            |row: &SimpleQueryRow, column: usize| row.get(column).unwrap_or_default().to_owned();
        Ok(first_row(&rows).map(|row| Holder {
            pid: text(row, 0),
            application_name: text(row, 1),
            client: text(row, 2),
            since: text(row, 3),
            doing: text(row, 4),
        }))
    }
}

/// Not before the pooler is known to let us have the lock in this way.
fn warn_of_pooler() {
    tracing::warn!(
        "a connection pooler is in between, where a lock of the session would be left behind: \
         an open transaction on a second connection holds the migration lock instead"
    );
}

fn without_lock<'a>() -> Held<'a> {
    tracing::warn!(
        "the connection pooler gives no second connection: going on without the migration lock; \
         each migration's row in the history still decides who applies it"
    );
    Held::Nowhere
}

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
