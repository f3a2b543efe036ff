//! From settings to a session that is ready for a question. It asks none itself.

use std::fmt;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;
use tokio::task::JoinHandle;
use tokio_postgres::{AsyncMessage, Client, Connection, NoTls, Socket, tls::NoTlsStream};

use crate::config::{
    ConfigError, DEFAULT_PORT, Database, Environment, Passfile, Secret, SessionAttrs, SslMode,
};
use crate::error::Error;
use crate::server_error::{ServerError, describe};

/// Socket folders of Debian and of PostgreSQL's own builds, looked through where no host is named.
const SOCKET_FOLDERS: [&str; 2] = ["/var/run/postgresql", "/tmp"];

/// SQLSTATEs of a server that is there and may let us in later: starting up, shutting down, full.
const WORTH_ANOTHER_TRY: [&str; 5] = ["57P03", "57P01", "57P02", "53300", "53400"];

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
            "{database} at {host}:{port} as {user}, PostgreSQL {server_version}"
        )
    }
}

/// No server let us in. Exit code 6: worth another try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreachable {
    /// What was tried, and why it did not work, in the order of the hosts.
    pub attempts: Vec<(Endpoint, String)>,
}

impl fmt::Display for Unreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.attempts.as_slice() {
            [(endpoint, reason)] => write!(f, "no connection to {endpoint}: {reason}"),
            attempts => {
                f.write_str("no connection to any of the hosts")?;
                attempts
                    .iter()
                    .try_for_each(|(endpoint, reason)| write!(f, "\n  {endpoint}: {reason}"))
            }
        }
    }
}

/// One server to try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Host name, address or socket folder.
    pub host: String,
    /// Address to use instead of looking the host up.
    pub address: Option<IpAddr>,
    /// Port.
    pub port: u16,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// A connection that is ready for a question.
pub struct Session {
    /// Sends, and reads what comes back.
    pub client: Client,
    /// Which database this is.
    pub target: Target,
    driver: JoinHandle<()>,
}

impl Session {
    /// Says goodbye to the server, and waits until it is sent.
    pub async fn close(self) {
        let Self { client, driver, .. } = self;
        drop(client);
        if let Err(error) = driver.await {
            tracing::debug!(%error, "the connection's task did not end by itself");
        }
    }
}

/// Opens a session on the first of the hosts that lets us in.
///
/// # Errors
/// [`Error::Config`] where another try would fail alike (password, role, database, TLS), else
/// [`Error::Unreachable`].
pub async fn connect(database: &Database, environment: &Environment) -> Result<Session, Error> {
    let login = Login::new(database, environment)?;
    let mut attempts = Vec::new();
    for endpoint in endpoints(database)? {
        match login.attempt(&endpoint, database).await {
            Ok(session) => return Ok(session),
            Err(Rejection::Final(error)) => return Err(error.into()),
            Err(Rejection::Passing(reason)) => attempts.push((endpoint, reason)),
        }
    }
    Err(Unreachable { attempts }.into())
}

/// Why one server did not let us in.
enum Rejection {
    /// Another try would end alike, and so would another host.
    Final(ConfigError),
    /// Another host, or this one later, may do.
    Passing(String),
}

/// Who logs in, and to what.
struct Login {
    user: String,
    database: String,
    password: Option<Secret>,
    passfile: Option<Passfile>,
}

impl Login {
    fn new(settings: &Database, environment: &Environment) -> Result<Self, ConfigError> {
        if settings.host.is_none() && settings.hostaddr.is_none() && settings.name.is_none() {
            return Err(ConfigError::new("no database is named")
                .with_help("set DATABASE_URL=postgres://USER@HOST:PORT/DATABASE (or --database-url, --host and --database, PGHOST and PGDATABASE)"));
        }
        if needs_tls(settings.sslmode) {
            return Err(ConfigError::new(
                "database.sslmode asks for an encrypted connection, and this release knows no TLS yet",
            )
            .with_help("use a Unix socket or a trusted network with sslmode=disable or prefer"));
        }
        let user = match &settings.user {
            Some(user) => user.clone(),
            None => whoami::username().map_err(|error| {
                ConfigError::new(format!("no user is named, and the operating system does not know who runs this: {error}"))
                    .with_help("set the user in DATABASE_URL, with --user or with PGUSER")
            })?,
        };
        Ok(Self {
            database: settings.name.clone().unwrap_or_else(|| user.clone()),
            user,
            password: settings.password.clone(),
            passfile: Passfile::locate(settings.passfile.as_deref(), environment.home().as_deref()),
        })
    }

    async fn attempt(
        &self,
        endpoint: &Endpoint,
        settings: &Database,
    ) -> Result<Session, Rejection> {
        let config = self.config(endpoint, settings);
        tracing::debug!(%endpoint, user = self.user, database = self.database, "connecting");
        let limit = settings.connect_timeout.0;
        let (client, connection) = tokio::time::timeout(limit, config.connect(NoTls))
            .await
            .map_err(|_| {
                Rejection::Passing(format!("no answer within {}", settings.connect_timeout))
            })?
            .map_err(|error| self.judge(endpoint, &error))?;
        let server_version = connection
            .parameter("server_version")
            .unwrap_or("of unknown version")
            .to_owned();
        let target = Target {
            database: self.database.clone(),
            host: endpoint.host.clone(),
            port: endpoint.port,
            user: self.user.clone(),
            server_version: short_version(&server_version),
        };
        Ok(Session {
            client,
            target,
            driver: tokio::spawn(drive(connection)),
        })
    }

    fn config(&self, endpoint: &Endpoint, settings: &Database) -> tokio_postgres::Config {
        let mut config = tokio_postgres::Config::new();
        config
            .user(&self.user)
            .dbname(&self.database)
            .port(endpoint.port)
            .application_name(&settings.application_name)
            .connect_timeout(settings.connect_timeout.0)
            .keepalives_idle(Duration::from_secs(30))
            .target_session_attrs(session_attrs(settings.target_session_attrs));
        if endpoint.host.starts_with('/') {
            config.host_path(&endpoint.host);
        } else {
            config.host(&endpoint.host);
        }
        if let Some(address) = endpoint.address {
            config.hostaddr(address);
        }
        if let Some(options) = &settings.options {
            config.options(options);
        }
        if let Some(password) = self.password_for(endpoint) {
            config.password(password.expose());
        }
        config
    }

    /// The password that was given, or the password file's for this host.
    fn password_for(&self, endpoint: &Endpoint) -> Option<Secret> {
        if self.password.is_some() {
            return self.password.clone();
        }
        // libpq looks its default socket folder up under the name localhost.
        let host = if SOCKET_FOLDERS.contains(&endpoint.host.as_str()) {
            "localhost"
        } else {
            &endpoint.host
        };
        self.passfile
            .as_ref()?
            .lookup(host, endpoint.port, &self.database, &self.user)
    }

    fn judge(&self, endpoint: &Endpoint, error: &tokio_postgres::Error) -> Rejection {
        let text = describe(error);
        if let Some(server) = ServerError::find(error) {
            return if WORTH_ANOTHER_TRY.contains(&server.code.as_str()) {
                Rejection::Passing(text)
            } else {
                Rejection::Final(refused(endpoint, &server))
            };
        }
        if text.contains("password missing") {
            return Rejection::Final(
                ConfigError::new(format!("{endpoint} asks {} for a password, and none was given", self.user))
                    .with_help("give it with PGPASSWORD, DSENTR_MIGRATE_DATABASE_PASSWORD_FILE, --password-file or in ~/.pgpass"),
            );
        }
        Rejection::Passing(text)
    }
}

/// Where nothing but TLS will do. It is refused before a password could go out in clear text.
fn needs_tls(mode: SslMode) -> bool {
    match mode {
        SslMode::Disable | SslMode::Allow | SslMode::Prefer => false,
        SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => true,
    }
}

fn refused(endpoint: &Endpoint, server: &ServerError) -> ConfigError {
    let error = ConfigError::new(format!("{endpoint} refused the connection: {server}"));
    match server.code.as_str() {
        "28P01" | "28000" => {
            error.with_help("check the user, the password and the server's pg_hba.conf")
        }
        "3D000" => {
            error.with_help("check the name of the database; this command does not create it")
        }
        _ => error,
    }
}

fn session_attrs(attrs: SessionAttrs) -> tokio_postgres::config::TargetSessionAttrs {
    use tokio_postgres::config::TargetSessionAttrs;
    match attrs {
        SessionAttrs::Any => TargetSessionAttrs::Any,
        SessionAttrs::ReadWrite => TargetSessionAttrs::ReadWrite,
        SessionAttrs::ReadOnly => TargetSessionAttrs::ReadOnly,
    }
}

/// "15.18 (Debian 15.18-0+deb12u1)" is too long for a first line.
fn short_version(version: &str) -> String {
    version.split(' ').next().unwrap_or(version).to_owned()
}

/// Hosts, addresses and ports side by side, as libpq pairs them.
fn endpoints(settings: &Database) -> Result<Vec<Endpoint>, ConfigError> {
    let hosts = split(settings.host.as_deref());
    let addresses = split(settings.hostaddr.as_deref());
    let ports = settings
        .port
        .as_ref()
        .map_or(&[][..], |ports| ports.as_slice());
    let count = hosts.len().max(addresses.len());
    if count == 0 {
        let port = ports.first().copied().unwrap_or(DEFAULT_PORT);
        return Ok(vec![Endpoint {
            host: default_host(port),
            address: None,
            port,
        }]);
    }
    if !hosts.is_empty() && !addresses.is_empty() && hosts.len() != addresses.len() {
        return Err(ConfigError::new(format!(
            "{} hosts do not match {} hostaddr values",
            hosts.len(),
            addresses.len()
        )));
    }
    if ports.len() > 1 && ports.len() != count {
        return Err(
            ConfigError::new(format!("{} ports do not match {count} hosts", ports.len()))
                .with_help("give one port for all hosts, or one for each"),
        );
    }
    (0..count)
        .map(|at| endpoint(at, &hosts, &addresses, ports))
        .collect()
}

fn endpoint(
    at: usize,
    hosts: &[&str],
    addresses: &[&str],
    ports: &[u16],
) -> Result<Endpoint, ConfigError> {
    let address = match addresses.get(at) {
        Some(text) => Some(text.parse().map_err(|_| {
            ConfigError::new(format!("database.hostaddr: {text:?} is not an IP address"))
        })?),
        None => None,
    };
    let port = ports
        .get(at)
        .or(ports.first())
        .copied()
        .unwrap_or(DEFAULT_PORT);
    let host = match hosts.get(at).copied().filter(|host| !host.is_empty()) {
        Some(host) => host.to_owned(),
        None => address.map_or_else(|| default_host(port), |address: IpAddr| address.to_string()),
    };
    Ok(Endpoint {
        host,
        address,
        port,
    })
}

fn split(list: Option<&str>) -> Vec<&str> {
    list.map(|list| list.split(',').map(str::trim).collect())
        .unwrap_or_default()
}

/// The folder where a server's socket is, or this machine by name.
fn default_host(port: u16) -> String {
    SOCKET_FOLDERS
        .into_iter()
        .find(|folder| Path::new(folder).join(format!(".s.PGSQL.{port}")).exists())
        .unwrap_or("localhost")
        .to_owned()
}

/// Moves bytes until the connection ends, and passes on what the server says unasked.
async fn drive(mut connection: Connection<Socket, NoTlsStream>) {
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

/// A WARNING is meant for the operator; the rest ("relation exists, skipping") is for debugging.
fn log_notice(notice: &tokio_postgres::error::DbError) {
    let message = notice.message();
    let hint = notice.hint();
    if notice.severity() == "WARNING" {
        tracing::warn!(hint, "{message}");
    } else {
        tracing::debug!(hint, "{message}");
    }
}
