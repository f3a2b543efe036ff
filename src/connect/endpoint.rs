//! Which servers to try: hosts, addresses and ports side by side, as libpq pairs them.

use std::fmt;
use std::net::IpAddr;
use std::path::Path;

use crate::config::{ConfigError, DEFAULT_PORT, Database};

/// Socket folders of Debian and of PostgreSQL's own builds, looked through where no host is named.
pub(super) const SOCKET_FOLDERS: [&str; 2] = ["/var/run/postgresql", "/tmp"];

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
        f.write_str(&host_and_port(&self.host, self.port))
    }
}

/// As a URL has them: with brackets where the host has colons of its own.
pub(super) fn host_and_port(host: &str, port: u16) -> String {
    let is_ipv6 = host.contains(':') && !host.starts_with('/');
    if is_ipv6 {
        return format!("[{host}]:{port}");
    }
    format!("{host}:{port}")
}

impl Endpoint {
    /// Whether it is a socket in the file system.
    pub(super) fn is_socket(&self) -> bool {
        self.host.starts_with('/')
    }

    /// Whether what is sent there stays on this machine. A name that is looked up may lead anywhere.
    pub(super) fn is_this_machine(&self) -> bool {
        let address = self.address.or_else(|| self.host.parse().ok());
        match address {
            Some(address) => address.to_canonical().is_loopback(),
            None => self.is_socket() || self.host.eq_ignore_ascii_case("localhost"),
        }
    }
}

/// Hosts, addresses and ports side by side, as libpq pairs them.
pub(super) fn endpoints(settings: &Database) -> Result<Vec<Endpoint>, ConfigError> {
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
