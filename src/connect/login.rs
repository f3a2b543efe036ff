//! One try to be let in by one server, and what its refusal means.

use tokio_postgres::NoTls;

use super::Target;
use super::endpoint::{Endpoint, SOCKET_FOLDERS, endpoints};
use super::session::{KEEPALIVE_COUNT, KEEPALIVE_IDLE, KEEPALIVE_INTERVAL, Session};
use crate::config::{ConfigError, Database, Environment, Passfile, Secret, SessionAttrs, SslMode};
use crate::server_error::{ServerError, describe};

/// SQLSTATEs of a server that is there and may let us in later: starting up, shutting down, full.
const WORTH_ANOTHER_TRY: [&str; 5] = ["57P03", "57P01", "57P02", "53300", "53400"];

/// Why one server did not let us in.
pub(super) enum Rejection {
    /// Another try would end alike, and so would another host.
    Final(ConfigError),
    /// Another host, or this one later, may do.
    Passing(String),
}

/// One host, and how to be let in there.
pub(super) struct Door {
    pub(super) endpoint: Endpoint,
    config: tokio_postgres::Config,
}

/// Who logs in, and to what.
pub(super) struct Login {
    user: String,
    database: String,
    password: Option<Secret>,
    passfile: Option<Passfile>,
}

impl Login {
    pub(super) fn new(settings: &Database, environment: &Environment) -> Result<Self, ConfigError> {
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
            password: match &settings.password {
                Some(password) => Some(password.read()?),
                None => None,
            },
            passfile: Passfile::locate(settings.passfile.as_deref(), environment.home().as_deref()),
        })
    }

    /// Every host with all that is needed to knock there.
    pub(super) fn doors(&self, settings: &Database) -> Result<Vec<Door>, ConfigError> {
        let endpoints = endpoints(settings)?.into_iter();
        let door = |endpoint: Endpoint| Door {
            config: self.config(&endpoint, settings),
            endpoint,
        };
        Ok(endpoints.map(door).collect())
    }

    pub(super) async fn attempt(
        &self,
        Door { endpoint, config }: &Door,
        settings: &Database,
    ) -> Result<Session, Rejection> {
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
        Ok(Session::start(client, connection, target).await)
    }

    fn config(&self, endpoint: &Endpoint, settings: &Database) -> tokio_postgres::Config {
        let mut config = tokio_postgres::Config::new();
        config
            .user(&self.user)
            .dbname(&self.database)
            .port(endpoint.port)
            .application_name(&settings.application_name)
            .connect_timeout(settings.connect_timeout.0)
            .keepalives_idle(KEEPALIVE_IDLE)
            .keepalives_interval(KEEPALIVE_INTERVAL)
            .keepalives_retries(KEEPALIVE_COUNT)
            .tcp_user_timeout(KEEPALIVE_IDLE + KEEPALIVE_INTERVAL * KEEPALIVE_COUNT)
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
            return if is_worth_another_try(&server) {
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

/// Class 08 is a connection that broke, mostly between a pooler and its server; but poolers also say so of a parameter
/// that they do not know.
fn is_worth_another_try(server: &ServerError) -> bool {
    WORTH_ANOTHER_TRY.contains(&server.code.as_str())
        || server.code.starts_with("08") && !server.message.contains("startup parameter")
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
            error.with_help("check the name of the database; `dsentr-migrate bootstrap` makes one that is not there")
        }
        "42501" => error.with_help("have the role be granted CONNECT on the database"),
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
