//! Who is in the way with a table lock, for those who wait.

use std::fmt;

use serde::Serialize;
use tokio_postgres::{Client, SimpleQueryRow};

use super::row_of;

/// Somebody whose table lock is in the way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Blocker {
    /// Process of the server that serves it; 0 for a prepared transaction, which none serves.
    pub pid: i32,
    /// Its role.
    pub user: String,
    /// What it calls itself.
    pub application_name: String,
    /// `active`, `idle in transaction`, ...
    pub state: String,
    /// For how long its transaction has been open, in seconds.
    pub seconds: u64,
    /// The first words of its query; the name of a prepared transaction.
    pub query: String,
}

impl Blocker {
    /// Those who hold a table of this database for themselves alone, or wait for it, so that nobody gets past them. None
    /// where that cannot be learned: whoever asks has failed already, for a better reason.
    pub async fn exclusive(client: &Client) -> Vec<Self> {
        let answer = client.simple_query(EXCLUSIVE).await;
        let rows = answer.unwrap_or_default();
        rows.iter().filter_map(row_of).map(Self::of).collect()
    }

    /// From a row of six columns, in the order of the fields.
    pub(crate) fn of(row: &SimpleQueryRow) -> Self {
        let text = |column: usize| row.get(column).unwrap_or_default().to_owned();
        Self {
            pid: text(0).parse().unwrap_or_default(),
            user: text(1),
            application_name: text(2),
            state: text(3),
            seconds: text(4).parse().unwrap_or_default(),
            query: text(5),
        }
    }

    /// The statement that ends it.
    pub fn remedy(&self) -> String {
        if self.pid == 0 {
            let name = self.query.replace('\'', "''");
            return format!("ROLLBACK PREPARED '{name}' (or COMMIT PREPARED)");
        }
        format!("SELECT pg_terminate_backend({})", self.pid)
    }
}

impl fmt::Display for Blocker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            pid,
            user,
            application_name,
            state,
            seconds,
            query,
        } = self;
        if *pid == 0 {
            return write!(
                f,
                "the prepared transaction '{query}' (of {user}, prepared for {seconds} s)"
            );
        }
        write!(
            f,
            "pid {pid} ({application_name} as {user}, {state}, transaction open for {seconds} s): {query}"
        )
    }
}

/// A table that another transaction has made and not committed is nobody's obstacle, and not among those seen here. All that
/// `pg_locks` tells of a prepared transaction is the virtual one, which also holds the lock on its own number.
const EXCLUSIVE: &str = "\
SELECT coalesce(l.pid, 0), coalesce(a.usename, p.owner, ''), coalesce(nullif(a.application_name, ''), a.backend_type, ''), \
       coalesce(a.state, 'state hidden'), \
       coalesce(greatest(extract(epoch FROM clock_timestamp() - coalesce(a.xact_start, p.prepared)), 0)::bigint, 0), \
       coalesce(p.gid, btrim(left(btrim(regexp_replace(coalesce(a.query, ''), '\\s+', ' ', 'g')), 60))) \
FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_class c ON c.oid = l.relation \
LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid \
LEFT JOIN LATERAL (SELECT x.gid, x.owner, x.prepared FROM pg_catalog.pg_locks own \
     JOIN pg_catalog.pg_prepared_xacts x ON x.transaction = own.transactionid \
     WHERE l.pid IS NULL AND own.pid IS NULL AND own.locktype = 'transactionid' \
       AND own.virtualtransaction = l.virtualtransaction) AS p ON true \
WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' AND c.relpersistence <> 't' \
  AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid() \
  AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()) \
GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 5 DESC, 1";
