//! Encryption as libpq does it: on which ways a connection is tried, whom we trust, and how we show who we are.
//!
//! It decides nothing about users and passwords, but that a password does not leave this machine in clear text.

mod certificate;
mod dial;
mod identity;
mod refusal;
mod stream;
mod terms;
mod trust;
mod verifier;

pub(super) use self::dial::{Bare, Dialer};
pub(super) use self::refusal::{Fault, explain};
pub(super) use self::stream::Stream;
pub(super) use self::terms::Terms;

/// How one connection comes about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// Without encryption.
    Plain,
    /// Encrypted where the server offers it, and else without.
    Offered,
    /// Encrypted, after the server has agreed to it.
    Asked,
    /// Encrypted from the first byte.
    Direct,
}

/// On which ways a connection is tried: the second only where what went wrong on the first leaves room for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ways {
    pub(super) first: Way,
    pub(super) second: Option<Way>,
}

impl Ways {
    /// For a socket in the file system.
    pub(super) const PLAIN: Self = Self::only(Way::Plain);

    const fn only(way: Way) -> Self {
        Self {
            first: way,
            second: None,
        }
    }
}
