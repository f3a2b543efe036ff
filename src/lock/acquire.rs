//! Waiting for the lock, directly or through a pooler.

use std::hash::Hasher;
use std::time::Duration;

use siphasher::sip::SipHasher13;

use super::{Held, Holder, LockTimeout, ReadOnly, ask, first_row, row_of};
use crate::config::{HistoryTable, Settings, Timeout};
use crate::connect::{Connector, Session};
use crate::error::Error;
use crate::patience::Patience;

/// The first pause between two tries.
const FIRST_PAUSE: Duration = Duration::from_millis(20);

/// The longest pause between two tries: what a runner loses at most after the lock is free.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

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
        Answer::Taken => Ok(lock.held_by(session, true)),
        Answer::Busy => lock.wait_directly(session).await,
        Answer::Pooled => lock.through_pooler(session).await,
    }
}

/// The lock's number, our own for this history. The server keeps advisory locks apart by database.
pub fn key(table: &HistoryTable) -> i64 {
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
    fn held_by<'a>(&self, session: &'a Session, at_once: bool) -> Held<'a> {
        Held::BySession {
            session,
            key: self.key,
            at_once,
        }
    }

    /// One try with the session's own lock, taken only if no pooler is in between.
    async fn try_directly(&self, session: &Session) -> Result<Answer, Error> {
        let sql = format!(
            "{}SELECT pg_catalog.pg_is_in_recovery(), pg_catalog.current_setting('transaction_read_only'), \
             CASE WHEN pg_catalog.pg_backend_pid() = {} THEN pg_catalog.pg_try_advisory_lock({}) END",
            session.without_timeouts_if_ours(),
            session.process,
            self.key
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
                return Ok(self.held_by(session, false));
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
        let sql = format!(
            "BEGIN ISOLATION LEVEL READ COMMITTED; {}\
             SELECT pg_catalog.pg_try_advisory_xact_lock({}) AS taken",
            holder.without_timeouts(),
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
        let holder = self
            .within_connect_timeout(Holder::of(session, self.key))
            .await?;
        Ok(holder.flatten())
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
