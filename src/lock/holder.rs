//! Who holds the lock, for those who wait.

use std::fmt;

use tokio_postgres::SimpleQueryRow;

use super::activity::{IS_HIDDEN, REMEDY};
use super::{ask, first_row};
use crate::connect::Session;
use crate::error::Error;

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

impl Holder {
    /// Asks who holds the lock with this key.
    pub(super) async fn of(session: &Session, key: i64) -> Result<Option<Self>, Error> {
        let sql = session.without_timeouts() + &Self::question(key);
        let rows = ask(session, &sql).await?;
        let text =
            |row: &SimpleQueryRow, column: usize| row.get(column).unwrap_or_default().to_owned();
        Ok(first_row(&rows).map(|row| Self {
            pid: text(row, 0),
            application_name: text(row, 1),
            client: text(row, 2),
            since: text(row, 3),
            doing: text(row, 4),
        }))
    }

    /// The question: pid, name, client, since when, and what it is doing.
    ///
    /// Of a statement it shows what stands in the file, and not what `apply` puts behind that on a line of its own.
    ///
    /// A bigint key stands in `pg_locks` as two halves, with objsubid 1.
    /// <https://www.postgresql.org/docs/18/view-pg-locks.html>
    pub(crate) fn question(key: i64) -> String {
        let high = key.cast_unsigned() >> 32;
        let low = key.cast_unsigned() & u64::from(u32::MAX);
        format!(
            "SELECT a.pid, coalesce(nullif(a.application_name, ''), 'an unnamed client') || ' as ' || coalesce(a.usename, 'an unknown role'), \
                    CASE WHEN {IS_HIDDEN} THEN 'a hidden address' ELSE coalesce(host(a.client_addr), 'the same machine') END, \
                    CASE WHEN {IS_HIDDEN} THEN 'a hidden time' \
                         ELSE to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') END, \
                    CASE WHEN {IS_HIDDEN} THEN 'state hidden; {REMEDY}' \
                         WHEN a.state = 'active' THEN 'runs: ' || btrim(left(regexp_replace(split_part(a.query, E'\\n;', 1), '\\s+', ' ', 'g'), 60)) \
                         ELSE coalesce(a.state, 'state unknown') END \
             FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a USING (pid) \
             WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND l.classid = {high} AND l.objid = {low} \
               AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())"
        )
    }
}
