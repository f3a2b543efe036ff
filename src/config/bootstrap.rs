//! What `bootstrap` is told: who may make roles and databases, and what else than the owner's database is wanted.

use serde::Deserialize;

use super::{Password, Ports, Settings, SslMode};

/// The connection of an administrator, and the roles beside the owner. The owner is `database.user`, since `up`
/// connects as that role.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bootstrap {
    /// Where the administrator connects, if not where the owner does; then with the port that is named beside it.
    pub host: Option<String>,
    /// Port there; default: the owner's, or 5432 where `bootstrap.host` is set.
    pub port: Option<Ports>,
    /// The administrator; default: the operating system's user.
    pub user: Option<String>,
    /// The database that the administrator connects to first.
    pub database: String,
    /// Password of the administrator; without it, the password file's.
    pub password: Option<Password>,
    /// Whether the administrator's connection is encrypted, if not as `database.sslmode` says.
    pub sslmode: Option<SslMode>,
    /// Locale of a new database, such as `C.UTF-8`; default: that of the cluster.
    pub locale: Option<String>,
    /// Role that the application logs in as, a member of `dsentr_app`.
    pub application_role: Option<String>,
    /// Password of the application's role.
    pub application_password: Option<Password>,
    /// Role that reads and no more, a member of `dsentr_readonly`.
    pub read_only_role: Option<String>,
    /// Password of the role that reads.
    pub read_only_password: Option<Password>,
}

impl Settings {
    /// The same settings with the administrator's connection, to his database or to the one that is wanted.
    #[must_use]
    pub fn of_administrator(&self, database: &str) -> Self {
        let mut settings = self.clone();
        let (target, bootstrap) = (&mut settings.database, &self.bootstrap);
        // Another host has its own port: neither the owner's nor his addresses are meant for it.
        if bootstrap.host.is_some() {
            target.host.clone_from(&bootstrap.host);
            target.hostaddr = None;
            target.port = None;
        }
        if bootstrap.port.is_some() {
            target.port.clone_from(&bootstrap.port);
        }
        target.user.clone_from(&bootstrap.user);
        target.password.clone_from(&bootstrap.password);
        target.sslmode = bootstrap.sslmode.or(target.sslmode);
        target.name = Some(database.to_owned());
        settings
    }
}
