//! A connection that is ready for a question, and what it means when it breaks.

use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::task::JoinHandle;
use tokio_postgres::error::{DbError, Severity, SqlState};
use tokio_postgres::{AsyncMessage, CancelToken, Client, Connection, Socket};

use super::Target;
use super::tls::{Bare, Dialer, Stream};
use crate::error::Error;
use crate::server_error::{ServerError, describe};

/// For a good-bye, or a request to cancel, to get through to a server that may be out of reach.
const PATIENCE: Duration = Duration::from_secs(1);

/// After this long without a word from the other side, it is asked whether it is still there.
pub(super) const KEEPALIVE_IDLE: Duration = Duration::from_secs(10);

/// Between two such questions.
pub(super) const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);

/// After so many of them without an answer the connection is lost.
pub(super) const KEEPALIVE_COUNT: u32 = 3;

/// What the version of a server says whose system cannot see that a socket was closed: a regular expression.
pub(crate) const BLIND_SYSTEMS: &str = "windows|visual c|mingw|apple|darwin";

/// What ends a statement, a transaction or a session, each with the major version that brought it. Roles and databases have
/// them for the queries of applications: none is meant for us.
/// <https://www.postgresql.org/docs/18/runtime-config-client.html>
pub(crate) const TIMEOUTS: [(&str, u32); 6] = [
    ("statement_timeout", 0),
    ("transaction_timeout", 17),
    ("lock_timeout", 0),
    ("idle_in_transaction_session_timeout", 0),
    ("idle_session_timeout", 14),
    ("tcp_user_timeout", 12),
];

/// The newest major version whose timeouts are all among [`TIMEOUTS`]. A newer one is asked for its own.
const NEWEST_KNOWN: u32 = 19;

/// How long a setting holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Span {
    /// To the end of the transaction, or of the message where that is one.
    Transaction,
    /// To the end of the session.
    Session,
}

/// The statements that take the timeouts away on a server of this major version.
///
/// `SET` needs no look into a catalogue, which costs a new connection more than the statement itself.
fn without_timeouts(major: u32, span: Span) -> Vec<String> {
    let scope = match span {
        Span::Transaction => "LOCAL ",
        Span::Session => "",
    };
    let known = known_timeouts(major).map(|name| format!("SET {scope}{name} TO 0"));
    let newer = (major > NEWEST_KNOWN).then(|| {
        let is_local = span == Span::Transaction;
        // CASE, since the parts of an AND have no order, and a setting that is no session's own cannot be set.
        format!(
            "SELECT FROM pg_catalog.pg_settings WHERE CASE \
             WHEN name LIKE '%\\_timeout' AND vartype = 'integer' AND context = 'user' \
             AND setting <> '0' AND CAST(min_val AS pg_catalog.int8) <= 0 \
             THEN pg_catalog.set_config(name, '0', {is_local}) IS NULL ELSE false END"
        )
    });
    known.chain(newer).collect()
}

/// The names of those that a server of this major version has. One newer than all that are known may have taken one away:
/// of it only those are sure that every major has.
fn known_timeouts(major: u32) -> impl Iterator<Item = &'static str> {
    let sure = if major > NEWEST_KNOWN { 0 } else { major };
    let known = TIMEOUTS.iter().filter(move |(_, since)| *since <= sure);
    known.map(|(name, _)| *name)
}

/// As parts of one message, behind which others follow.
fn in_front(statements: &[String]) -> String {
    let ended = statements.iter().map(|statement| format!("{statement}; "));
    ended.collect()
}

/// A connection that is ready for a question.
pub struct Session {
    /// Sends, and reads what comes back.
    pub client: Client,
    /// Which database this is.
    pub target: Target,
    /// How often the hosts were tried until one let us in.
    pub tries: u32,
    /// The server's process, as it was named to us. A pooler names a process that the server does not know.
    pub process: i32,
    cancel: CancelToken,
    dialer: Dialer,
    driver: JoinHandle<()>,
}

impl Session {
    /// Starts to move the bytes of a connection.
    pub(super) async fn start(
        client: Client,
        connection: Connection<Socket, Stream<Socket>>,
        target: Target,
        dialer: Dialer,
    ) -> Self {
        let cancel = client.cancel_token();
        Self {
            process: named_process(&cancel).await,
            client,
            target,
            tries: 1,
            cancel,
            dialer,
            driver: tokio::spawn(drive(connection)),
        }
    }

    /// Asks the server to end the statement that it is at, if any. Whether it does is seen at the statement alone.
    /// The request is encrypted where the session is: what stands between may take no other.
    pub async fn cancel(&self) {
        let request = Box::pin(self.cancel.cancel_query(self.dialer.gone_way()));
        match tokio::time::timeout(PATIENCE, request).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(error = describe(&error), "no cancelling"),
            Err(_) => tracing::debug!("no cancelling: the server does not answer"),
        }
    }

    /// Says goodbye to the server, and waits until it is sent.
    pub async fn close(self) {
        let Self {
            client, mut driver, ..
        } = self;
        drop(client);
        if tokio::time::timeout(PATIENCE, &mut driver).await.is_err() {
            driver.abort();
        }
    }

    /// Sets what a session of our own should have from the start: no timeout cuts it off, and the server notices soon when
    /// we are gone. Not for a session behind a pooler, where it would stay for the next client.
    ///
    /// # Errors
    /// The connection is lost. A server that does not know a setting has to do without.
    pub async fn protect(&self) -> Result<(), Lost> {
        let sql = format!(
            "{}{}",
            in_front(&without_timeouts(self.major(), Span::Session)),
            self.settings()
        );
        let Err(error) = self.client.batch_execute(&sql).await else {
            return Ok(());
        };
        tracing::debug!(error = describe(&error), "the session has not all settings");
        Lost::of(&error).map_or(Ok(()), Err)
    }

    /// What [`Session::protect`] sets, as one statement, for whoever has reset the session. It is sent with each step, so it
    /// is short.
    pub fn settings(&self) -> String {
        let mut rows: Vec<String> = known_timeouts(self.major())
            .map(|name| format!("('{name}','0')"))
            .collect();
        rows.push(format!(
            "('tcp_keepalives_idle','{}'),('tcp_keepalives_interval','{}'),('tcp_keepalives_count','{KEEPALIVE_COUNT}')",
            KEEPALIVE_IDLE.as_secs(),
            KEEPALIVE_INTERVAL.as_secs(),
        ));
        if self.major() >= 14 {
            rows.push(format!(
                "('client_connection_check_interval',CASE WHEN pg_catalog.version()~*'{BLIND_SYSTEMS}' THEN '0' ELSE '1s' END)"
            ));
        }
        format!(
            "SELECT pg_catalog.count(pg_catalog.set_config(n,v,false)) FROM (VALUES {}) s(n,v)",
            rows.join(",")
        )
    }

    /// The statements without which a transaction would outlive us, or be cut off by a timeout that is meant for the
    /// application: for that transaction alone.
    pub fn protection(&self) -> Vec<String> {
        let mut statements = without_timeouts(self.major(), Span::Transaction);
        statements.extend(self.connection_check());
        statements
    }

    /// What stands in front of a question, in the same message or transaction, so that no timeout of the role or the
    /// database ends it.
    pub fn without_timeouts(&self) -> String {
        in_front(&without_timeouts(self.major(), Span::Transaction))
    }

    /// The same to the end of the session where that is our own. Behind a pooler it would stay for the next client, so
    /// there it is for the message alone. No row is returned.
    pub fn without_timeouts_if_ours(&self) -> String {
        let names = known_timeouts(self.major()).map(|name| format!("('{name}')"));
        let names: Vec<String> = names.collect();
        format!(
            "{}SELECT FROM (VALUES {}) AS timeouts (name) \
             WHERE pg_catalog.set_config(name, '0', pg_catalog.pg_backend_pid() <> {}) IS NULL; ",
            self.without_timeouts(),
            names.join(", "),
            self.process
        )
    }

    /// Sends [`Session::without_timeouts_if_ours`] alone. Where the connection is lost, the next question says so.
    pub async fn lift_timeouts(&self) {
        let sql = self.without_timeouts_if_ours();
        if let Err(error) = self.client.simple_query(&sql).await {
            tracing::debug!(error = describe(&error), "the timeouts are as they were");
        }
    }

    /// Has the server notice soon when we are gone, from PostgreSQL 14 on; not where the server's system cannot see that a
    /// socket was closed. For the transaction alone.
    fn connection_check(&self) -> Option<String> {
        (self.major() >= 14).then(|| {
            format!(
                "SELECT pg_catalog.set_config('client_connection_check_interval', '1s', true) \
                 WHERE pg_catalog.version() !~* '{BLIND_SYSTEMS}'"
            )
        })
    }

    /// The major version of the server; 0 where it told none.
    pub fn major(&self) -> u32 {
        let version = &self.target.server_version;
        let digits = version.find(|c: char| !c.is_ascii_digit());
        version[..digits.unwrap_or(version.len())]
            .parse()
            .unwrap_or_default()
    }
}

/// The connection ended before the answer came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lost {
    /// Why, in one line.
    pub reason: String,
    /// What the server said as it ended it, if it did.
    pub server: Option<Box<ServerError>>,
}

impl Lost {
    /// What an error says of the connection: none where it stands.
    pub fn of(error: &tokio_postgres::Error) -> Option<Self> {
        let server = error.as_db_error();
        let lost = match server {
            Some(server) => ends_connection(server),
            None => error.is_closed() || is_io(error),
        };
        lost.then(|| Self {
            reason: describe(error),
            server: ServerError::find(error).map(Box::new),
        })
    }

    /// Whether an administrator's command ended it: of a shutdown, or meant for this session.
    pub fn is_by_administrator(&self) -> bool {
        let server = self.server.as_ref();
        server.is_some_and(|server| server.code == ADMIN_SHUTDOWN)
    }
}

/// `admin_shutdown`
const ADMIN_SHUTDOWN: &str = "57P01";

/// FATAL and PANIC end the session; poolers say the first in their own words, and PgBouncer sends no field that is
/// free of translation, as it never translates.
fn ends_connection(server: &DbError) -> bool {
    match server.parsed_severity() {
        Some(severity) => matches!(severity, Severity::Fatal | Severity::Panic),
        None => matches!(server.severity(), "FATAL" | "PANIC"),
    }
}

fn is_io(error: &tokio_postgres::Error) -> bool {
    std::error::Error::source(error).is_some_and(<dyn std::error::Error>::is::<std::io::Error>)
}

/// The error of a question that was to serve `purpose`: the connection is lost, or the server refused it.
pub fn broken(purpose: &str, error: &tokio_postgres::Error) -> Error {
    if let Some(lost) = Lost::of(error) {
        return lost.into();
    }
    // What the server said stays the cause, for the report to find.
    let error = match ServerError::find(error) {
        Some(server) => anyhow::Error::new(server).context(purpose.to_owned()),
        None => anyhow::anyhow!("{purpose}: {}", describe(error)),
    };
    error.into()
}

/// tokio-postgres keeps the number of the process to itself, but for the `CancelRequest` that it writes: length, code,
/// process and secret, each of four bytes. 0, which no process has, where there is none.
/// <https://www.postgresql.org/docs/18/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-CANCELREQUEST>
async fn named_process(token: &CancelToken) -> i32 {
    let (ours, mut theirs) = tokio::io::duplex(64);
    let mut request = [0; 16];
    if token.cancel_query_raw(ours, Bare).await.is_err()
        || theirs.read_exact(&mut request).await.is_err()
    {
        return 0;
    }
    let [.., a, b, c, d, _, _, _, _] = request;
    i32::from_be_bytes([a, b, c, d])
}

/// Moves bytes until the connection ends, and passes on what the server says unasked.
async fn drive(mut connection: Connection<Socket, Stream<Socket>>) {
    loop {
        match std::future::poll_fn(|context| connection.poll_message(context)).await {
            Some(Ok(AsyncMessage::Notice(notice))) => log_notice(&notice),
            Some(Ok(_)) => {}
            Some(Err(error)) => {
                tracing::debug!(error = describe(&error), "the connection ended");
                return;
            }
            None => return,
        }
    }
}

/// A WARNING is meant for the operator; the rest ("relation exists, skipping") is for debugging. So is that no transaction is
/// open: our own ROLLBACK may come to a server that has ended the transaction already.
fn log_notice(notice: &DbError) {
    let message = notice.message();
    let hint = notice.hint();
    let is_about_rollback = notice.code() == &SqlState::NO_ACTIVE_SQL_TRANSACTION;
    if notice.severity() == "WARNING" && !is_about_rollback {
        tracing::warn!(hint, "{message}");
    } else {
        tracing::debug!(hint, "{message}");
    }
}
