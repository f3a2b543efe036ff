//! A throw-away `PgBouncer` before a throw-away server.

use super::script::Script;
use super::server::{Database, Server, Session, aside};

/// For how long a client has a server connection for itself.
#[derive(Clone, Copy, Debug)]
pub(crate) enum PoolMode {
    /// Until it leaves.
    Session,
    /// To the end of its transaction.
    Transaction,
    /// To the end of its statement; there are no transactions of several.
    Statement,
}

impl PoolMode {
    fn name(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Transaction => "transaction",
            Self::Statement => "statement",
        }
    }
}

/// A `PgBouncer` of `.ci/pgbouncer`. It ends with this value, and with the process, however that ends.
pub(crate) struct Pooler {
    port: u16,
    _script: Script,
}

impl Pooler {
    /// A pooler that leads to every database of a server, for each database and role with so many connections.
    /// That server may be away in the meantime, but has to outlive it for it to be of use.
    pub(crate) fn start(server: &Server, mode: PoolMode, size: u32) -> Self {
        let arguments = [
            server.port().to_string(),
            mode.name().to_owned(),
            size.to_string(),
        ];
        let mut script = Script::start(".ci/pgbouncer", arguments);
        let port = script.line().parse();
        Self {
            port: port.expect(".ci/pgbouncer prints a port"),
            _script: script,
        }
    }

    /// The port it listens on, at 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// How the owner of a database connects through it.
    pub(crate) fn url(&self, database: &Database<'_>) -> String {
        database.url_through(self.port)
    }

    /// The rows that a command of its console gives (`SHOW SERVERS`), each with its columns joined by `|`.
    pub(crate) fn admin(&self, command: &str) -> Vec<String> {
        let url = format!("postgres://postgres@127.0.0.1:{}/pgbouncer", self.port);
        aside(async { Session::open(&url).await.rows(command).await })
    }
}
