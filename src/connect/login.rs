//! One try to be let in by one server, and what its refusal means.

use std::sync::Arc;

use tokio_postgres::config::{SslMode as Ssl, SslNegotiation};
use tokio_postgres::{Client, Connection, Socket};

use super::Target;
use super::endpoint::{Endpoint, SOCKET_FOLDERS, endpoints};
use super::session::{KEEPALIVE_COUNT, KEEPALIVE_IDLE, KEEPALIVE_INTERVAL, Session};
use super::tls::{Dialer, Fault, Stream, Terms, Ways, explain};
use crate::config::{
    ChannelBinding, ConfigError, Database, Environment, Passfile, Secret, SessionAttrs, SslMode,
};
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

impl Rejection {
    /// Why, in one line.
    fn reason(&self) -> &str {
        match self {
            Self::Final(error) => &error.message,
            Self::Passing(reason) => reason,
        }
    }

    /// With what went wrong on another way before, where that is something else.
    fn after(self, before: &Self) -> Self {
        if before.reason() == self.reason() {
            return self;
        }
        let both = |reason: &str| format!("{reason}\nbefore that: {}", before.reason());
        match self {
            Self::Final(error) => Self::Final(ConfigError {
                message: both(&error.message),
                ..error
            }),
            Self::Passing(reason) => Self::Passing(both(&reason)),
        }
    }
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
    /// On which ways a server that is not behind a socket is tried.
    ways: Ways,
    /// None where nothing is encrypted.
    terms: Option<Arc<Terms>>,
}

/// A server let us in.
struct Opened {
    client: Client,
    connection: Connection<Socket, Stream<Socket>>,
    dialer: Dialer,
}

impl Login {
    pub(super) fn new(settings: &Database, environment: &Environment) -> Result<Self, ConfigError> {
        if settings.host.is_none() && settings.hostaddr.is_none() && settings.name.is_none() {
            return Err(ConfigError::new("no database is named")
                .with_help("set DATABASE_URL=postgres://USER@HOST:PORT/DATABASE (or --database-url, --host and --database, PGHOST and PGDATABASE)"));
        }
        let user = match &settings.user {
            Some(user) => user.clone(),
            None => whoami::username().map_err(|error| {
                ConfigError::new(format!("no user is named, and the operating system does not know who runs this: {error}"))
                    .with_help("set the user in DATABASE_URL, with --user or with PGUSER")
            })?,
        };
        let mode = Terms::mode(settings)?;
        // As in libpq, a socket is never encrypted, and no file is asked for.
        let is_far = endpoints(settings)?.iter().any(|one| !one.is_socket());
        let terms = match mode {
            SslMode::Disable => None,
            mode if is_far => Some(Arc::new(Terms::read(settings, mode, environment)?)),
            _ => None,
        };
        Ok(Self {
            ways: Terms::ways(mode, settings.sslnegotiation),
            terms,
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
        let Opened {
            client,
            connection,
            dialer,
        } = tokio::time::timeout(limit, self.open(endpoint, config, settings))
            .await
            .map_err(|_| {
                Rejection::Passing(format!("no answer within {}", settings.connect_timeout))
            })??;
        let protection = dialer.protection();
        // Nobody expects encryption where nobody can listen.
        if endpoint.is_this_machine() && !dialer.is_encrypted() {
            tracing::debug!(%endpoint, "connected, {protection}");
        } else {
            tracing::info!(%endpoint, "connected, {protection}");
        }
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
        Ok(Session::start(client, connection, target, dialer).await)
    }

    /// Tries one way, and the other where what went wrong leaves room for it.
    async fn open(
        &self,
        endpoint: &Endpoint,
        config: &tokio_postgres::Config,
        settings: &Database,
    ) -> Result<Opened, Rejection> {
        let ways = if endpoint.is_socket() {
            Ways::PLAIN
        } else {
            self.ways
        };
        let clear_text = settings.allow_cleartext_password || endpoint.is_this_machine();
        let dialer = Dialer::new(ways.first, self.terms.clone(), clear_text);
        let error = match knock(config, dialer.clone()).await {
            Ok(opened) => return Ok(opened),
            Err(error) => error,
        };
        let rejection = self.judge(endpoint, &error);
        let Some(second) = ways.second.filter(|_| leaves_room(&dialer, &error)) else {
            return Err(rejection);
        };
        if matches!(Fault::find(&error), Some(Fault::Handshake(_))) {
            tracing::warn!(
                "going on without TLS, as sslmode=prefer says: {}",
                rejection.reason()
            );
        }
        let dialer = Dialer::new(second, self.terms.clone(), clear_text);
        knock(config, dialer)
            .await
            .map_err(|error| self.judge(endpoint, &error).after(&rejection))
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
            .target_session_attrs(session_attrs(settings.target_session_attrs))
            .channel_binding(channel_binding(settings.channel_binding));
        if endpoint.is_socket() {
            config.host_path(&endpoint.host).ssl_mode(Ssl::Disable);
        } else {
            // It leaves the stream to us, encrypted or not.
            config
                .host(&endpoint.host)
                .ssl_mode(Ssl::Require)
                .ssl_negotiation(SslNegotiation::Direct);
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
        if let Some(refusal) = explain(error, endpoint, self.terms.as_deref()) {
            return Rejection::Final(refusal);
        }
        if text.contains("did not use channel binding") {
            return Rejection::Final(
                ConfigError::new(format!("{endpoint} offers no channel binding, and database.channel_binding is require"))
                    .with_help("it needs TLS (sslmode=require or stronger), scram-sha-256 in the server's pg_hba.conf with a password that was stored so (password_encryption), and a certificate that is not of Ed25519"),
            );
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

async fn knock(
    config: &tokio_postgres::Config,
    dialer: Dialer,
) -> Result<Opened, tokio_postgres::Error> {
    let (client, connection) = config.connect(dialer.clone()).await?;
    Ok(Opened {
        client,
        connection,
        dialer,
    })
}

/// Whether libpq would try another way: the server turned us away before it let us in, or no encryption came about.
/// Where it let us in, what went wrong goes wrong on every way.
fn leaves_room(dialer: &Dialer, error: &tokio_postgres::Error) -> bool {
    match Fault::find(error) {
        Some(Fault::Handshake(_)) => true,
        Some(Fault::ClearText) => dialer.is_other_way(),
        Some(_) => false,
        None => {
            let says_no = error.as_db_error().is_some() && !dialer.was_let_in();
            says_no && dialer.is_other_way()
        }
    }
}

fn refused(endpoint: &Endpoint, server: &ServerError) -> ConfigError {
    let error = ConfigError::new(format!("{endpoint} refused the connection: {server}"));
    match server.code.as_str() {
        "28000" if server.message.contains("certificate") => error.with_help(
            "name in database.sslcert and sslkey a certificate that is made out to the role, and that an authority of the server's ssl_ca_file signed",
        ),
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

fn channel_binding(binding: ChannelBinding) -> tokio_postgres::config::ChannelBinding {
    use tokio_postgres::config::ChannelBinding as Theirs;
    match binding {
        ChannelBinding::Disable => Theirs::Disable,
        ChannelBinding::Prefer => Theirs::Prefer,
        ChannelBinding::Require => Theirs::Require,
    }
}

/// "15.18 (Debian 15.18-0+deb12u1)" is too long for a first line.
fn short_version(version: &str) -> String {
    version.split(' ').next().unwrap_or(version).to_owned()
}
