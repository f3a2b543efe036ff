//! From settings to a session that is ready for a question. It asks none itself.

mod endpoint;
mod login;
mod session;
mod tls;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde::Serialize;

pub use self::endpoint::Endpoint;
use self::endpoint::host_and_port;
use self::login::{Door, Login, Rejection};
pub(crate) use self::session::{BLIND_SYSTEMS, TIMEOUTS};
pub use self::session::{Lost, Session, broken};
use crate::config::{Environment, Settings, Timeout};
use crate::error::Error;
use crate::patience::Patience;
use crate::signal::Stop;
use crate::source::newest_proven_before;

/// The first pause before a server is tried again.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// The longest pause before a server is tried again: what is lost at most after it came up.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Which database this is about: the first thing an operator must see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Target {
    /// Name of the database.
    pub database: String,
    /// Host, address or socket folder.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Role.
    pub user: String,
    /// Version of the server, as it reports it.
    pub server_version: String,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            database,
            host,
            port,
            user,
            server_version,
        } = self;
        write!(
            f,
            "{database} at {} as {user}, PostgreSQL {server_version}",
            host_and_port(host, *port)
        )
    }
}

/// No server let us in. Exit code 6: worth another try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreachable {
    /// What was tried, and why it did not work the last time, in the order of the hosts.
    pub attempts: Vec<(Endpoint, String)>,
    /// How often each of them was tried.
    pub tries: u32,
    /// For how long it was tried.
    pub waited: Timeout,
}

impl fmt::Display for Unreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.attempts.as_slice() {
            [(endpoint, reason)] => write!(f, "no connection to {endpoint}: {reason}")?,
            attempts => {
                f.write_str("no connection to any of the hosts")?;
                attempts
                    .iter()
                    .try_for_each(|(endpoint, reason)| write!(f, "\n  {endpoint}: {reason}"))?;
            }
        }
        match self.tries {
            1 => Ok(()),
            tries => write!(f, "\ntried {tries} times within {}", self.waited),
        }
    }
}

/// Opens sessions on one database.
pub struct Connector<'a> {
    settings: &'a Settings,
    environment: &'a Environment,
    /// Told when a signal asks for the end.
    pub stop: &'a Stop,
    /// Whether a server that is newer than all that migrations are proven on is still to be named.
    names_newer: AtomicBool,
}

impl<'a> Connector<'a> {
    /// For the database of these settings.
    pub fn new(settings: &'a Settings, environment: &'a Environment, stop: &'a Stop) -> Self {
        Self {
            settings,
            environment,
            stop,
            names_newer: AtomicBool::new(false),
        }
    }

    /// As [`Connector::new`], for a command about migrations: it warns, once, where they are not proven on the server.
    pub fn for_migrations(
        settings: &'a Settings,
        environment: &'a Environment,
        stop: &'a Stop,
    ) -> Self {
        Self {
            names_newer: AtomicBool::new(true),
            ..Self::new(settings, environment, stop)
        }
    }

    fn name_newer(&self, session: &Session) {
        let Some(newest) = newest_proven_before(session.major()) else {
            return;
        };
        if self.names_newer.swap(false, Ordering::Relaxed) {
            tracing::warn!(
                "PostgreSQL {} is newer than {newest}, the newest that this binary is proven on",
                session.major()
            );
        }
    }

    /// For what has to be tried again until the server is there: `wait.timeout`, from now.
    pub fn patience(&self) -> Patience<'a> {
        let limit = self.settings.wait.timeout;
        Patience::new(limit, FIRST_PAUSE, LONGEST_PAUSE, self.stop)
    }

    /// Opens a session on the first of the hosts that lets us in. Where none does, they are tried again with growing
    /// pauses, to `wait.timeout`.
    ///
    /// # Errors
    /// [`Error::Config`] at once where another try would fail alike (password, role, database, TLS);
    /// [`Error::Unreachable`], [`Error::Stopped`].
    pub async fn connect(&self) -> Result<Session, Error> {
        self.connect_with(&mut self.patience()).await
    }

    /// As [`Connector::connect`], with what is left of a patience.
    ///
    /// # Errors
    /// As [`Connector::connect`].
    pub async fn connect_with(&self, patience: &mut Patience<'_>) -> Result<Session, Error> {
        let login = Login::new(&self.settings.database, self.environment)?;
        let doors = login.doors(&self.settings.database)?;
        let limit = patience.limit();
        let mut tries = 0;
        loop {
            tries += 1;
            let attempts = match self.round(&login, &doors).await? {
                Ok(mut session) => {
                    session.tries = tries;
                    self.name_newer(&session);
                    return Ok(session);
                }
                Err(attempts) => attempts,
            };
            let unreachable = Unreachable {
                attempts,
                tries,
                waited: limit,
            };
            if !limit.0.is_zero() && patience.is_word_due() {
                tracing::warn!("waiting for the server, up to {limit}: {unreachable}");
            }
            if !patience.next_try().await? {
                return Err(unreachable.into());
            }
        }
    }

    /// Opens a further session, on the first host that lets us in now.
    ///
    /// # Errors
    /// As [`Connector::connect`], after one try.
    pub async fn connect_once(&self) -> Result<Session, Error> {
        let login = Login::new(&self.settings.database, self.environment)?;
        let doors = login.doors(&self.settings.database)?;
        let round = self.round(&login, &doors).await?;
        round.map_err(|attempts| {
            let unreachable = Unreachable {
                attempts,
                tries: 1,
                waited: Timeout(Duration::ZERO),
            };
            unreachable.into()
        })
    }

    /// Tries each host once. Inside: the session, or why none of them let us in.
    async fn round(&self, login: &Login, doors: &[Door]) -> Result<Round, Error> {
        let mut attempts = Vec::new();
        for door in doors {
            let attempt = Box::pin(login.attempt(door, &self.settings.database));
            match self.stop.unless_stopped(attempt).await? {
                Ok(session) => return Ok(Ok(session)),
                Err(Rejection::Final(error)) => return Err(error.into()),
                Err(Rejection::Passing(reason)) => attempts.push((door.endpoint.clone(), reason)),
            }
        }
        Ok(Err(attempts))
    }
}

/// What came of trying each host once.
type Round = Result<Session, Vec<(Endpoint, String)>>;
