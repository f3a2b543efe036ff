//! Settings: from the built-in profiles, a file, the environment and the flags to one typed value.
//!
//! This module reads; it connects to nothing. Where each value came from is kept for `config`.

mod bootstrap;
mod conninfo;
mod duration;
mod layers;
mod libpq;
mod password;
mod ports;
mod secret;

use std::fmt;
use std::time::Duration;

use figment::Figment;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

pub use self::bootstrap::Bootstrap;
pub use self::duration::Timeout;
use self::layers::Reach;
pub use self::layers::{Environment, Given, variables_of};
pub use self::libpq::{Passfile, REFUSED};
pub use self::password::Password;
pub(crate) use self::ports::DEFAULT_PORT;
pub use self::ports::Ports;
pub use self::secret::{MASK, Secret};

/// A setting or the way it was given is wrong. Exit code 2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// What is wrong, with key, value (never a secret) and place.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl ConfigError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            help: None,
        }
    }

    pub(crate) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ConfigError {}

/// Everything that a run can be told.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Which database, and how to reach it.
    pub database: Database,
    /// What `bootstrap` makes, and as whom.
    pub bootstrap: Bootstrap,
    /// How long a server or a schema is waited for.
    pub wait: Wait,
    /// Where the history is kept.
    pub history: HistoryTable,
    /// The migration lock.
    pub lock: Lock,
    /// The locks on tables that migrations take.
    pub table_lock: TableLock,
    /// The statements of migrations.
    pub statement: Statement,
    /// What `up` takes for an error, and what it waits for.
    pub up: Up,
    /// What of the live schema may differ from the seals.
    #[serde(default)]
    pub verify: Verify,
    /// The voice on stderr.
    pub log: Log,
    /// The results on stdout.
    pub output: Output,
    /// Where else the result is told.
    #[serde(default)]
    pub report: Report,
}

/// Which database, and how to reach it. Names and meaning are libpq's.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// Host names, addresses or socket folders, separated by commas; the first that lets us in is taken.
    pub host: Option<String>,
    /// Addresses to use instead of looking the hosts up, separated by commas.
    pub hostaddr: Option<String>,
    /// One port for all hosts, or one for each.
    pub port: Option<Ports>,
    /// Role to log in as; default: the operating system's user.
    pub user: Option<String>,
    /// Name of the database; default: that of the user.
    pub name: Option<String>,
    /// Password of the role. Better in a file: `database.password_file`.
    pub password: Option<Password>,
    /// Password file in the form of `.pgpass`; default: `~/.pgpass`. It must not be open to others.
    pub passfile: Option<String>,
    /// Command-line options for the server process.
    pub options: Option<String>,
    /// What `pg_stat_activity` shows.
    pub application_name: String,
    /// For one host to be reached and to let us in.
    pub connect_timeout: Timeout,
    /// Whether the server must take writes.
    pub target_session_attrs: SessionAttrs,
    /// Whether the connection is encrypted, and to whom; default: `prefer`, or `verify-full` where `sslrootcert` is
    /// [`SYSTEM_ROOTS`] or [`MOZILLA_ROOTS`].
    pub sslmode: Option<SslMode>,
    /// Who asks for encryption first. `direct` needs `sslmode=require` or stronger.
    pub sslnegotiation: SslNegotiation,
    /// File with the certificates of the authorities that are trusted, or [`SYSTEM_ROOTS`] or [`MOZILLA_ROOTS`];
    /// default: `~/.postgresql/root.crt` where it exists.
    pub sslrootcert: Option<String>,
    /// File with the certificates that are revoked; default: `~/.postgresql/root.crl` where it exists.
    pub sslcrl: Option<String>,
    /// File with our own certificate; default: `~/.postgresql/postgresql.crt` where it exists.
    pub sslcert: Option<String>,
    /// File with its key, which must not be open to others; default: `~/.postgresql/postgresql.key`.
    pub sslkey: Option<String>,
    /// Whether the server is told the name of the host before it shows its certificate (SNI).
    pub sslsni: bool,
    /// The oldest version of TLS that will do; older ones than these are not known.
    pub ssl_min_protocol_version: TlsVersion,
    /// The newest version of TLS that will do; default: the newest there is.
    pub ssl_max_protocol_version: Option<TlsVersion>,
    /// Whether the password is bound to the encrypted connection (SCRAM-SHA-256-PLUS).
    pub channel_binding: ChannelBinding,
    /// Whether a server that asks for the password in clear text gets it over an unencrypted connection to another host.
    pub allow_cleartext_password: bool,
}

/// The word for the authorities that the operating system trusts, as libpq has it.
pub const SYSTEM_ROOTS: &str = "system";

/// The word for the authorities that Mozilla trusts, as built into this binary.
pub const MOZILLA_ROOTS: &str = "mozilla";

/// Which kind of server will do. Words as libpq's `target_session_attrs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SessionAttrs {
    /// The first that answers.
    Any,
    /// The first that takes writes.
    ReadWrite,
    /// The first that does not.
    ReadOnly,
}

/// Whether the connection is encrypted, weakest first. Words as libpq's `sslmode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SslMode {
    /// Never.
    Disable,
    /// Only where the server insists.
    Allow,
    /// Where the server offers it.
    Prefer,
    /// Always.
    Require,
    /// Always, to a server whose certificate a known authority signed.
    VerifyCa,
    /// Always, to a server whose certificate is also made out to its name.
    VerifyFull,
}

impl SslMode {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Allow => "allow",
            Self::Prefer => "prefer",
            Self::Require => "require",
            Self::VerifyCa => "verify-ca",
            Self::VerifyFull => "verify-full",
        }
    }
}

/// Who asks for encryption first. Words as libpq's `sslnegotiation`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SslNegotiation {
    /// The client asks in PostgreSQL's own words, and waits for the answer.
    Postgres,
    /// TLS from the first byte; from PostgreSQL 17 on.
    Direct,
}

/// Whether the password is bound to the encrypted connection (SCRAM-SHA-256-PLUS). Words as libpq's `channel_binding`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChannelBinding {
    /// Never.
    Disable,
    /// Where the server offers it.
    Prefer,
    /// Always: nothing else lets us in.
    Require,
}

/// A version of TLS, older ones being unknown here. Words as libpq's `ssl_min_protocol_version`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub enum TlsVersion {
    /// 1.2
    #[serde(rename = "TLSv1.2")]
    V1_2,
    /// 1.3
    #[serde(rename = "TLSv1.3")]
    V1_3,
}

/// Where the history is kept.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HistoryTable {
    /// Schema of the table, as the catalogue spells it.
    pub schema: String,
    /// Name of the table, as the catalogue spells it; at most 56 bytes.
    #[serde(deserialize_with = "with_room")]
    pub table: String,
}

/// Of the 63 bytes that a name may have, 7 are for what is put behind it in the name of a table beside it. PostgreSQL would
/// cut those off, and take the one table for the other.
fn with_room<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let name = String::deserialize(deserializer)?;
    if name.len() <= 56 {
        return Ok(name);
    }
    Err(D::Error::custom(format!(
        "the name of the history may have 56 bytes, and {name:?} has {}",
        name.len()
    )))
}

/// How long a server or a schema is waited for.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wait {
    /// For a server to let us in, at the start and after a lost connection (exit code 6 after it), and for `wait`; `0` is
    /// one try.
    pub timeout: Timeout,
}

/// The migration lock.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// For another runner to finish; after it, exit code 5.
    pub timeout: Timeout,
}

/// The locks on tables that migrations take.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableLock {
    /// For one try of a migration to get a table lock: readers queue behind it for as long. It wins over the file's
    /// `-- migrate: lock-timeout=`; where neither is given, [`DEFAULT_TABLE_LOCK_TIMEOUT`]. In a file without a
    /// transaction the file alone sets a limit.
    pub timeout: Option<Timeout>,
    /// For all tries of one migration together, or of a look at the schema; after it, exit code 5.
    pub budget: Timeout,
}

/// How long one try waits for a table lock where neither the settings nor the migration's file say so.
pub const DEFAULT_TABLE_LOCK_TIMEOUT: Timeout = Timeout(Duration::from_secs(4));

/// The statements of migrations.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// For one statement to come to its end; `0` is for ever. What the role or the database says is for the
    /// application's queries and does not count.
    pub timeout: Timeout,
}

/// What `up` takes for an error, and what it waits for.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Up {
    /// A database ahead of this binary is an error (exit code 4) even where nothing is to be done.
    pub strict: bool,
    /// A run that applied something compares the schema with the seals at its end (exit code 4 where it differs);
    /// `--verify` does so whatever was applied.
    pub verify: bool,
    /// Which commits of a run wait until they are on the server's disk.
    pub synchronous_commit: SynchronousCommit,
}

/// Which commits of a run wait until they are on the server's disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SynchronousCommit {
    /// The last one, however the run ends, and with it all before.
    Last,
    /// Each does what the server's own setting says.
    Each,
}

/// What of the live schema may differ from the seals.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verify {
    /// Objects that do not count, each with the reason: a list of tables with `object` and `reason`.
    #[serde(default)]
    pub ignore: Vec<Ignore>,
}

/// An object that may differ, and why.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with object and reason")]
pub struct Ignore {
    /// The object as `verify` names it: `index orders.idx_night`. With `*` at its end, all that begin so.
    #[serde(deserialize_with = "not_empty")]
    pub object: String,
    /// Why it may differ.
    #[serde(deserialize_with = "not_empty")]
    pub reason: String,
}

impl Ignore {
    /// Whether it is about this object.
    pub fn covers(&self, object: &str) -> bool {
        match self.object.strip_suffix('*') {
            Some(start) => object.starts_with(start),
            None => self.object == object,
        }
    }
}

fn not_empty<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.trim().is_empty() {
        return Err(serde::de::Error::custom("must not be empty"));
    }
    Ok(text)
}

/// The voice on stderr.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// `error`, `warn`, `info`, `debug`, `trace`, or a filter such as `dsentr_migrate=debug`, or several between commas:
    /// `warn,dsentr_migrate=debug`.
    pub level: String,
    /// For people or for machines.
    pub format: Format,
}

/// The results on stdout.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Output {
    /// For people or for machines.
    pub format: Format,
    /// Whether text is coloured.
    pub color: Color,
}

/// Where else the result is told.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// File for a summary of at most 2 KiB, such as Kubernetes shows as the reason why a container ended. Nothing is made
    /// under `/dev`: there it is written only where it exists.
    pub termination_log: Option<String>,
}

/// For whom something is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// For people.
    Text,
    /// For machines: one JSON document on stdout, one a line on stderr.
    Json,
}

/// Whether text is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Everywhere.
    Always,
    /// Nowhere.
    Never,
}

/// The settings of a run, and where each of them came from.
#[derive(Debug, Clone)]
pub struct Config {
    /// The values.
    pub settings: Settings,
    figment: Figment,
}

impl Config {
    /// Where each value came from: one row a key, in the order of [`KEYS`].
    pub fn origins(&self) -> Vec<Origin> {
        KEYS.iter()
            .map(|&(key, kind)| origin(&self.figment, key, kind))
            .collect()
    }
}

/// One setting as `config` shows it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Origin {
    /// The key, as in a settings file: `database.host`.
    pub key: &'static str,
    /// The value; a secret is masked; none where nothing gave one.
    pub value: Option<String>,
    /// Where the value came from; none where there is no value.
    pub origin: Option<String>,
}

/// How the text of a variable or a flag becomes a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Stays a text, whatever it looks like.
    Text,
    /// `true` or `false`, or as libpq writes them, `1` or `0`.
    Flag,
    /// Stays a text, and is never shown.
    Secret,
    /// Has no text: a settings file alone can give it.
    List,
}

/// Every setting: key and kind. `DSENTR_MIGRATE_` and the key in capitals is its variable.
pub const KEYS: &[(&str, Kind)] = &[
    ("database.host", Kind::Text),
    ("database.hostaddr", Kind::Text),
    ("database.port", Kind::Text),
    ("database.user", Kind::Text),
    ("database.name", Kind::Text),
    ("database.password", Kind::Secret),
    ("database.passfile", Kind::Text),
    ("database.options", Kind::Text),
    ("database.application_name", Kind::Text),
    ("database.connect_timeout", Kind::Text),
    ("database.target_session_attrs", Kind::Text),
    ("database.sslmode", Kind::Text),
    ("database.sslnegotiation", Kind::Text),
    ("database.sslrootcert", Kind::Text),
    ("database.sslcrl", Kind::Text),
    ("database.sslcert", Kind::Text),
    ("database.sslkey", Kind::Text),
    ("database.sslsni", Kind::Flag),
    ("database.ssl_min_protocol_version", Kind::Text),
    ("database.ssl_max_protocol_version", Kind::Text),
    ("database.channel_binding", Kind::Text),
    ("database.allow_cleartext_password", Kind::Flag),
    ("bootstrap.host", Kind::Text),
    ("bootstrap.port", Kind::Text),
    ("bootstrap.user", Kind::Text),
    ("bootstrap.database", Kind::Text),
    ("bootstrap.password", Kind::Secret),
    ("bootstrap.sslmode", Kind::Text),
    ("bootstrap.locale", Kind::Text),
    ("bootstrap.application_role", Kind::Text),
    ("bootstrap.application_password", Kind::Secret),
    ("bootstrap.read_only_role", Kind::Text),
    ("bootstrap.read_only_password", Kind::Secret),
    ("wait.timeout", Kind::Text),
    ("history.schema", Kind::Text),
    ("history.table", Kind::Text),
    ("lock.timeout", Kind::Text),
    ("table_lock.timeout", Kind::Text),
    ("table_lock.budget", Kind::Text),
    ("statement.timeout", Kind::Text),
    ("up.strict", Kind::Flag),
    ("up.verify", Kind::Flag),
    ("up.synchronous_commit", Kind::Text),
    ("verify.ignore", Kind::List),
    ("log.level", Kind::Text),
    ("log.format", Kind::Text),
    ("output.format", Kind::Text),
    ("output.color", Kind::Text),
    ("report.termination_log", Kind::Text),
];

/// Short cuts that are opened where they are given, into the keys of [`KEYS`]: a URL into its parts; a password's file
/// stands for the password, and is read when that is needed.
pub const SHORT_CUTS: &[(&str, Kind)] = &[
    ("database.url", Kind::Secret),
    ("database.url_file", Kind::Text),
    ("database.password_file", Kind::Text),
    ("bootstrap.url", Kind::Secret),
    ("bootstrap.url_file", Kind::Text),
    ("bootstrap.password_file", Kind::Text),
    ("bootstrap.application_password_file", Kind::Text),
    ("bootstrap.read_only_password_file", Kind::Text),
];

/// The profiles that are built in, by name.
pub const PROFILES: &[(&str, &str)] = &[
    ("default", include_str!("../../config/default.toml")),
    ("container", include_str!("../../config/container.toml")),
    ("installer", include_str!("../../config/installer.toml")),
    ("airgap", include_str!("../../config/airgap.toml")),
];

/// Lays the layers over each other, weakest first, and reads the typed settings from them.
///
/// # Errors
/// A file that cannot be read, an unknown key or variable, a value of the wrong type or form.
pub fn load(
    environment: &Environment,
    flags: Vec<Given>,
    file: Option<&str>,
    profile: Option<&str>,
) -> Result<Config, ConfigError> {
    extract(layers::merge(
        environment,
        flags,
        file,
        profile,
        Reach::Database,
    )?)
}

/// As [`load`], for who connects to nothing: of the settings of a connection only the flag `--database` is looked at,
/// so that wrong ones do no harm.
///
/// # Errors
/// As [`load`], in the other settings.
pub fn load_offline(
    environment: &Environment,
    flags: Vec<Given>,
    file: Option<&str>,
    profile: Option<&str>,
) -> Result<Config, ConfigError> {
    extract(layers::merge(
        environment,
        flags,
        file,
        profile,
        Reach::Nothing,
    )?)
}

fn extract(figment: Figment) -> Result<Config, ConfigError> {
    let settings = figment.extract().map_err(|error| describe(&error))?;
    Ok(Config { settings, figment })
}

/// Where a summary goes when the settings are wrong: what the variable and the profile say, whatever else is wrong.
pub fn termination_log(environment: &Environment, profile: Option<&str>) -> Option<String> {
    let variables = [
        "DSENTR_MIGRATE_PROFILE",
        "DSENTR_MIGRATE_REPORT_TERMINATION_LOG",
    ];
    let few: Environment = variables
        .into_iter()
        .filter_map(|name| Some((name, environment.get(name)?)))
        .collect();
    let config = load(&few, Vec::new(), None, profile).ok()?;
    config.settings.report.termination_log
}

fn origin(figment: &Figment, key: &'static str, kind: Kind) -> Origin {
    let Ok(value) = figment.find_value(key) else {
        return Origin {
            key,
            value: None,
            origin: None,
        };
    };
    let shown = if kind == Kind::Secret {
        MASK.to_owned()
    } else {
        layers::show(&value)
    };
    let origin = figment
        .find_metadata(key)
        .map(|metadata| metadata.name.to_string());
    Origin {
        key,
        value: Some(shown),
        origin,
    }
}

/// figment's error in our words: every problem it found, each with key and place.
fn describe(error: &figment::Error) -> ConfigError {
    let lines: Vec<String> = error
        .clone()
        .into_iter()
        .map(|error| describe_one(&error))
        .collect();
    ConfigError::new(lines.join("\n"))
}

fn describe_one(error: &figment::Error) -> String {
    let key = if error.path.is_empty() {
        String::new()
    } else {
        format!("{}: ", error.path.join("."))
    };
    let place = error
        .metadata
        .as_ref()
        .map(|metadata| format!(" (in {})", metadata.name))
        .unwrap_or_default();
    format!("{key}{}{place}", error.kind)
}
