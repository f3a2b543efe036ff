//! Who is in the way with a table lock, for those who wait.

use std::fmt;

use serde::Serialize;
use tokio_postgres::SimpleQueryRow;

use super::activity::{REMEDY, blocker_columns};
use super::row_of;
use crate::connect::Session;

/// Somebody whose table lock is in the way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Blocker {
    /// Process of the server that serves it; 0 for a prepared transaction, which none serves.
    pub pid: i32,
    /// Its role.
    pub user: String,
    /// What it calls itself.
    pub application_name: String,
    /// `active`, `idle in transaction`, ...; none for a prepared transaction, or where it is hidden.
    pub state: Option<String>,
    /// For how long its transaction has been open, in seconds; none where it has none open, or that is hidden.
    pub seconds: Option<u64>,
    /// The first words of its query; the name of a prepared transaction; none where it is hidden.
    pub query: Option<String>,
    /// Whether the server hides from this role what the session does.
    pub hidden: bool,
}

impl Blocker {
    /// Those who hold a table of this database for themselves alone, or wait for it, so that nobody gets past them. None
    /// where that cannot be learned: whoever asks has failed already, for a better reason.
    pub async fn exclusive(session: &Session) -> Vec<Self> {
        let sql = session.without_timeouts() + &exclusive();
        let answer = session.client.simple_query(&sql).await;
        let rows = answer.unwrap_or_default();
        rows.iter().filter_map(row_of).map(Self::of).collect()
    }

    /// From a row of its process and of [`blocker_columns`].
    pub(crate) fn of(row: &SimpleQueryRow) -> Self {
        let text = |column: usize| row.get(column).map(str::to_owned);
        Self {
            pid: row
                .get(0)
                .and_then(|pid| pid.parse().ok())
                .unwrap_or_default(),
            user: text(1).unwrap_or_default(),
            application_name: text(2).unwrap_or_default(),
            state: text(3),
            seconds: row.get(4).and_then(|seconds| seconds.parse().ok()),
            query: text(5),
            hidden: row.get(6) == Some("t"),
        }
    }

    fn query(&self) -> &str {
        self.query.as_deref().unwrap_or_default()
    }

    /// The statement that ends it.
    pub fn remedy(&self) -> String {
        if self.pid == 0 {
            let name = self.query().replace('\'', "''");
            return format!("ROLLBACK PREPARED '{name}' (or COMMIT PREPARED)");
        }
        format!("SELECT pg_terminate_backend({})", self.pid)
    }
}

impl fmt::Display for Blocker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pid, user, .. } = self;
        let open_for = self.seconds.map(|seconds| format!("{seconds} s"));
        if *pid == 0 {
            let open_for = open_for.as_deref().unwrap_or("an unknown time");
            let name = self.query();
            return write!(
                f,
                "the prepared transaction '{name}' (of {user}, prepared for {open_for})"
            );
        }
        let name = match self.application_name.as_str() {
            "" => "an unnamed client",
            name => name,
        };
        write!(f, "pid {pid} ({name} as {user}")?;
        if self.hidden {
            return write!(f, ", state hidden, time hidden): query hidden; {REMEDY}");
        }
        if let Some(state) = &self.state {
            write!(f, ", {state}")?;
        }
        if let Some(open_for) = open_for {
            write!(f, ", transaction open for {open_for}")?;
        }
        write!(f, "): {}", self.query())
    }
}

/// A table that another transaction has made and not committed is nobody's obstacle, and not among those seen here. All that
/// `pg_locks` tells of a prepared transaction is the virtual one, which also holds the lock on its own number.
fn exclusive() -> String {
    format!(
        "SELECT coalesce(l.pid, 0), {} \
FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_class c ON c.oid = l.relation \
LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid \
LEFT JOIN LATERAL (SELECT x.gid, x.owner, x.prepared FROM pg_catalog.pg_locks own \
     JOIN pg_catalog.pg_prepared_xacts x ON x.transaction = own.transactionid \
     WHERE l.pid IS NULL AND own.pid IS NULL AND own.locktype = 'transactionid' \
       AND own.virtualtransaction = l.virtualtransaction) AS p ON true \
WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' AND c.relpersistence <> 't' \
  AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid() \
  AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()) \
GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY 5 DESC NULLS LAST, 1",
        blocker_columns()
    )
}
