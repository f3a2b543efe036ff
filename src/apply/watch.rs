//! A look at a long statement from a second connection: who is in its way, or how far it is.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use tokio_postgres::{SimpleQueryMessage, SimpleQueryRow};

use super::attend::Running;
use super::{Moment, Observer};
use crate::connect::{Connector, Session};
use crate::lock::{Blocker, IS_HIDDEN, blocker_columns};
use crate::server_error::describe;

/// A statement is looked at after this long, and then as often: a short one costs nothing.
const EVERY: Duration = Duration::from_secs(1);

/// After a look that failed, there is none for this long: the server may be full.
const AFTER_FAILURE: Duration = Duration::from_secs(30);

/// How far a statement is, where the server tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advance {
    /// `create index`, `vacuum`, ...
    pub command: String,
    /// What it is doing of that, in the server's words.
    pub phase: String,
    /// How much of the phase is done, where it is known.
    pub percent: Option<u8>,
}

/// What was seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Look {
    /// Who is in the way.
    pub blockers: Vec<Blocker>,
    /// How far it is.
    pub advance: Option<Advance>,
}

/// Looks. Its connection is opened for the first statement that takes long, and kept.
pub(super) struct Watcher {
    session: Option<Session>,
    not_before: Instant,
}

impl Watcher {
    pub(super) fn new() -> Self {
        Self {
            session: None,
            not_before: Instant::now(),
        }
    }

    /// Tells the observer of every statement that takes long, until it is dropped.
    pub(super) async fn watch(
        &mut self,
        connector: &Connector<'_>,
        running: &Running<'_>,
        first_look: Duration,
        observer: &mut dyn Observer,
    ) -> Infallible {
        let mut next = EVERY.min(first_look);
        loop {
            tokio::time::sleep(next).await;
            let now = running.now();
            let early = EVERY.min(first_look).saturating_sub(now.since.elapsed());
            if !early.is_zero() {
                next = early;
                continue;
            }
            next = EVERY;
            let look = self.look(connector, running.process()).await;
            if let Some(look) = &look {
                running.is_blocked_by(look.blockers.clone());
            }
            let now = running.now();
            observer.running(&Moment {
                migration: &running.step.leg.migration,
                way: running.step.leg.way,
                statements: running.step.count(),
                at: now.at,
                elapsed: now.since.elapsed(),
                look: look.as_ref(),
            });
        }
    }

    /// None where there is no second connection to be had: that is no reason to stop.
    async fn look(&mut self, connector: &Connector<'_>, process: i32) -> Option<Look> {
        if Instant::now() < self.not_before {
            return None;
        }
        let result = self.try_look(connector, process).await;
        if let Err(error) = &result {
            tracing::debug!(error, "no look at the statement");
            self.session = None;
            self.not_before = Instant::now() + AFTER_FAILURE;
        }
        result.ok()
    }

    async fn try_look(&mut self, connector: &Connector<'_>, process: i32) -> Result<Look, String> {
        let session = match &mut self.session {
            Some(session) => session,
            none => {
                let opened = connector.connect_once().await;
                none.insert(opened.map_err(|error| error.to_string())?)
            }
        };
        let sql = session.without_timeouts() + &question(process, session.major());
        let answer = session.client.simple_query(&sql).await;
        let rows = answer.map_err(|error| describe(&error))?;
        Ok(read(&rows))
    }

    /// Ends the second connection, if there is one.
    pub(super) async fn close(self) {
        if let Some(session) = self.session {
            session.close().await;
        }
    }
}

/// The prepared transactions that hold a lock on what `w` waits for. All that `pg_locks` tells of who they are is the
/// virtual transaction, which also holds the lock on its own transaction's number.
const PREPARED: &str = "SELECT x.gid, x.owner, x.prepared FROM pg_catalog.pg_locks wanted \
    JOIN pg_catalog.pg_locks held ON held.granted AND held.pid IS NULL \
     AND (held.locktype, held.database, held.relation, held.transactionid) \
         IS NOT DISTINCT FROM (wanted.locktype, wanted.database, wanted.relation, wanted.transactionid) \
    JOIN pg_catalog.pg_locks own ON own.locktype = 'transactionid' AND own.pid IS NULL \
     AND own.virtualtransaction = held.virtualtransaction \
    JOIN pg_catalog.pg_prepared_xacts x ON x.transaction = own.transactionid \
    WHERE wanted.pid = w.pid AND NOT wanted.granted";

/// Blockers as rows of seven columns, progress as rows of three.
fn question(process: i32, major: u32) -> String {
    let of = |view: &str| format!("FROM pg_catalog.pg_stat_progress_{view} WHERE pid = {process}");
    let mut progress = format!(
        "SELECT 'create index' AS command, phase, \
                CASE WHEN blocks_total > 0 THEN blocks_done WHEN tuples_total > 0 THEN tuples_done ELSE lockers_done END AS done, \
                CASE WHEN blocks_total > 0 THEN blocks_total WHEN tuples_total > 0 THEN tuples_total ELSE lockers_total END AS total {} \
         UNION ALL SELECT 'vacuum', phase, heap_blks_scanned, heap_blks_total {} \
         UNION ALL SELECT lower(command), phase, heap_blks_scanned, heap_blks_total {} \
         UNION ALL SELECT 'analyze', phase, sample_blks_scanned, sample_blks_total {}",
        of("create_index"),
        of("vacuum"),
        of("cluster"),
        of("analyze")
    );
    if major >= 14 {
        let _ = write!(
            progress,
            " UNION ALL SELECT 'copy', 'copying', bytes_processed, bytes_total {}",
            of("copy")
        );
    }
    // Whether our own session waits is hidden, too, where we act as another role than the one that has logged in.
    let is_waiting = format!(
        "w.wait_event_type = 'Lock' OR {}",
        IS_HIDDEN.replace("a.", "w.")
    );
    // Asking who blocks stops all of the server's lock traffic for a moment: only where a lock is waited for.
    format!(
        "SELECT b.pid, {} \
         FROM pg_catalog.pg_stat_activity w \
         CROSS JOIN LATERAL unnest(CASE WHEN {is_waiting} THEN pg_catalog.pg_blocking_pids(w.pid) ELSE '{{}}' END) AS b(pid) \
         LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = b.pid \
         LEFT JOIN LATERAL ({PREPARED}) AS p ON b.pid = 0 \
         WHERE w.pid = {process} GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY 5 DESC NULLS LAST, 1; \
         SELECT command, phase, CASE WHEN total > 0 THEN least(100 * done / total, 100) END FROM ({progress}) AS progress",
        blocker_columns()
    )
}

fn read(messages: &[SimpleQueryMessage]) -> Look {
    let mut look = Look::default();
    for message in messages {
        let SimpleQueryMessage::Row(row) = message else {
            continue;
        };
        if row.len() == 3 {
            look.advance = Some(Advance {
                command: text(row, 0),
                phase: text(row, 1),
                percent: row.get(2).and_then(|percent| percent.parse().ok()),
            });
        } else {
            look.blockers.push(Blocker::of(row));
        }
    }
    look
}

fn text(row: &SimpleQueryRow, column: usize) -> String {
    row.get(column).unwrap_or_default().to_owned()
}
