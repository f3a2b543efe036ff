//! The migration lock: one runner at a time on one history.
//!
//! It keeps runners from getting in each other's way. That each migration is applied once does
//! not rest on it: `apply` writes the history row first, and its primary key decides.

use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::{Duration, Instant};

use siphasher::sip::SipHasher13;
use tokio_postgres::SimpleQueryMessage;

use crate::config::{HistoryTable, Timeout};
use crate::connect::Session;
use crate::error::Error;
use crate::server_error::describe;

/// The first pause between two tries.
const FIRST_PAUSE: Duration = Duration::from_millis(20);

/// The longest pause between two tries: what a runner loses at most after the lock is free.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Another runner held the lock for too long. Exit code 5: worth another try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockTimeout {
    /// How long was waited.
    pub waited: Timeout,
    /// Who held it at the end, in the server's words.
    pub holder: Option<Holder>,
}

impl fmt::Display for LockTimeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the migration lock was not obtained within {}",
            self.waited
        )?;
        match &self.holder {
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
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            pid,
            application_name,
            client,
            since,
        } = self;
        write!(
            f,
            "held by {application_name} (pid {pid}, from {client}, connected since {since})"
        )
    }
}

/// The lock, held. It ends with the session at the latest.
pub struct Held<'a> {
    session: &'a Session,
    key: i64,
}

impl Held<'_> {
    /// Gives the lock back.
    ///
    /// # Errors
    /// The connection is lost; the lock is then free as well.
    pub async fn release(self) -> Result<(), Error> {
        let sql = format!("SELECT pg_catalog.pg_advisory_unlock({})", self.key);
        self.session
            .client
            .simple_query(&sql)
            .await
            .map(drop)
            .map_err(|error| unexpected(&error))
    }
}

/// Waits for the lock, and takes it.
///
/// It is polled, each time in a transaction of its own. Waiting inside `pg_advisory_lock` would
/// hold a snapshot, and a CREATE INDEX CONCURRENTLY of the holder would wait for that for ever.
///
/// # Errors
/// [`LockTimeout`], or the connection is lost.
pub async fn acquire<'a>(
    session: &'a Session,
    table: &HistoryTable,
    timeout: Timeout,
) -> Result<Held<'a>, Error> {
    let key = key(table);
    let start = Instant::now();
    let mut pause = FIRST_PAUSE;
    let mut told = false;
    loop {
        if try_lock(session, key).await? {
            return Ok(Held { session, key });
        }
        let left = timeout.0.saturating_sub(start.elapsed());
        if left.is_zero() {
            return Err(LockTimeout {
                waited: timeout,
                holder: holder(session, key).await?,
            }
            .into());
        }
        if !told {
            told = true;
            tell(holder(session, key).await?.as_ref(), timeout);
        }
        tokio::time::sleep(jitter(pause).min(left)).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

fn tell(holder: Option<&Holder>, timeout: Timeout) {
    let holder = holder.map(Holder::to_string).unwrap_or_default();
    tracing::warn!(holder, "waiting for the migration lock, up to {timeout}");
}

/// A number of our own for this history. The server keeps advisory locks apart by database.
fn key(table: &HistoryTable) -> i64 {
    let mut hasher = SipHasher13::new();
    hasher.write(b"dsentr-migrate ");
    hasher.write(table.qualified().as_bytes());
    hasher.finish().cast_signed()
}

/// Between half of the pause and the whole, so that runners that started together drift apart.
fn jitter(pause: Duration) -> Duration {
    // The hasher's keys are random; a crate for random numbers would be used for this alone.
    let random = RandomState::new().hash_one(()) % 1000;
    pause / 2 + pause / 2 * u32::try_from(random).unwrap_or_default() / 1000
}

async fn try_lock(session: &Session, key: i64) -> Result<bool, Error> {
    let sql = format!("SELECT pg_catalog.pg_try_advisory_lock({key})");
    let rows = session
        .client
        .simple_query(&sql)
        .await
        .map_err(|error| unexpected(&error))?;
    Ok(first_row(&rows).is_some_and(|row| row.get(0) == Some("t")))
}

/// A bigint key stands in `pg_locks` as two halves, with objsubid 1.
/// <https://www.postgresql.org/docs/18/view-pg-locks.html>
async fn holder(session: &Session, key: i64) -> Result<Option<Holder>, Error> {
    let high = key.cast_unsigned() >> 32;
    let low = key.cast_unsigned() & u64::from(u32::MAX);
    let sql = format!(
        "SELECT a.pid, coalesce(nullif(a.application_name, ''), 'an unnamed client'), \
                coalesce(host(a.client_addr), 'the same machine'), \
                to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') \
         FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a USING (pid) \
         WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND l.classid = {high} AND l.objid = {low} \
           AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())"
    );
    let rows = session
        .client
        .simple_query(&sql)
        .await
        .map_err(|error| unexpected(&error))?;
    let text = |row: &tokio_postgres::SimpleQueryRow, column: usize| {
        row.get(column).unwrap_or_default().to_owned()
    };
    Ok(first_row(&rows).map(|row| Holder {
        pid: text(row, 0),
        application_name: text(row, 1),
        client: text(row, 2),
        since: text(row, 3),
    }))
}

fn first_row(messages: &[SimpleQueryMessage]) -> Option<&tokio_postgres::SimpleQueryRow> {
    messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    })
}

fn unexpected(error: &tokio_postgres::Error) -> Error {
    anyhow::anyhow!("the migration lock: {}", describe(error)).into()
}
