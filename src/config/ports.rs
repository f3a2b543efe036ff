//! Port numbers: one for all hosts, or one for each.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, Visitor};

/// PostgreSQL's own port, where none is named.
pub(crate) const DEFAULT_PORT: u16 = 5432;

/// One port for all hosts, or one for each, in the order of the hosts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ports(Vec<u16>);

impl Ports {
    /// The ports in the order of the hosts; a single one serves all.
    pub fn as_slice(&self) -> &[u16] {
        &self.0
    }

    /// An entry may be empty, as in libpq's `PGPORT=,5433`: the default port.
    fn parse(text: &str) -> Option<Self> {
        let port = |part: &str| match part.trim() {
            "" => Some(DEFAULT_PORT),
            part => part.parse().ok().filter(|port| *port != 0),
        };
        text.split(',')
            .map(port)
            .collect::<Option<Vec<u16>>>()
            .map(Self)
    }
}

impl<'de> Deserialize<'de> for Ports {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PortsVisitor)
    }
}

struct PortsVisitor;

impl Visitor<'_> for PortsVisitor {
    type Value = Ports;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a port from 1 to 65535, or several separated by commas")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Ports, E> {
        Ports::parse(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
    }

    fn visit_i64<E: de::Error>(self, port: i64) -> Result<Ports, E> {
        Ports::parse(&port.to_string())
            .ok_or_else(|| E::invalid_value(de::Unexpected::Signed(port), &self))
    }

    fn visit_u64<E: de::Error>(self, port: u64) -> Result<Ports, E> {
        Ports::parse(&port.to_string())
            .ok_or_else(|| E::invalid_value(de::Unexpected::Unsigned(port), &self))
    }
}
