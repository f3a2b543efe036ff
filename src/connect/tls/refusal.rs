//! What an error of TLS means, in words that say which and what to do.

use std::error::Error as StdError;
use std::{fmt, io};

use rustls::pki_types::UnixTime;
use rustls::{AlertDescription, CertificateError, Error as TlsError};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::terms::Terms;
use crate::config::ConfigError;
use crate::connect::Endpoint;

/// Why no stream came about.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The server knows no TLS, or has it turned off.
    NotOffered,
    /// The server answered the request for TLS with something else than yes or no.
    Answer,
    /// The host has a name that no certificate can be made out to.
    Name,
    /// The server did not say that it speaks PostgreSQL inside.
    NotNamed,
    /// The server asks for the password as it is, and anybody on the way could read it.
    ClearText,
    /// The handshake failed.
    Handshake(io::Error),
    /// The connection ended in a handshake that nothing went before.
    Direct(io::Error),
    /// The connection broke before the handshake.
    Broken(io::Error),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotOffered => "the server offers no TLS",
            Self::Answer => "the server answered the request for TLS with neither yes nor no",
            Self::Name => "the name of the host is none that a certificate can be made out to",
            Self::NotNamed => "the server did not say that it speaks PostgreSQL over TLS",
            Self::ClearText => {
                "the server asks for the password in clear text, and the connection is not encrypted"
            }
            Self::Handshake(_) => "the handshake was not finished",
            Self::Direct(_) => {
                "the handshake was not finished (a server before PostgreSQL 17 does not know sslnegotiation=direct)"
            }
            Self::Broken(_) => "the server did not answer the request for TLS",
        })
    }
}

impl StdError for Fault {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Handshake(error) | Self::Direct(error) | Self::Broken(error) => Some(error),
            _ => None,
        }
    }
}

impl Fault {
    /// The fault in the chain of a client's error.
    pub(in crate::connect) fn find(error: &tokio_postgres::Error) -> Option<&Self> {
        find(error)
    }
}

/// Finds a cause in the chain of an error. An error of input and output passes over what it was made of.
fn find<T: StdError + 'static>(error: &tokio_postgres::Error) -> Option<&T> {
    let mut next = error.source();
    while let Some(cause) = next {
        if let Some(found) = cause.downcast_ref() {
            return Some(found);
        }
        let inner = cause
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        if let Some(found) = inner.and_then(|inner| inner.downcast_ref()) {
            return Some(found);
        }
        next = match inner {
            Some(inner) => Some(inner),
            None => cause.source(),
        };
    }
    None
}

/// What speaks against a server, or it against us, in a way that another try would not change; none where the error
/// is of another kind.
pub(in crate::connect) fn explain(
    error: &tokio_postgres::Error,
    endpoint: &Endpoint,
    terms: Option<&Terms>,
) -> Option<ConfigError> {
    let of_tls = || Some(of_tls(find(error)?, endpoint, terms?));
    let Some(fault) = find::<Fault>(error) else {
        return of_tls();
    };
    let (message, help) = match fault {
        Fault::Answer | Fault::Direct(_) | Fault::Broken(_) => return None,
        Fault::Handshake(_) => return of_tls(),
        Fault::NotOffered => (
            format!(
                "{endpoint} offers no TLS, and database.sslmode is {}",
                terms.map_or("require", |terms| terms.mode.word())
            ),
            "turn it on at the server (ssl, ssl_cert_file, ssl_key_file); on a network that you trust, sslmode=prefer or disable does without",
        ),
        Fault::Name => (
            format!("{endpoint}: {fault}"),
            "give a host name or an address in database.host; database.hostaddr may say where it is",
        ),
        Fault::NotNamed => (
            format!("{endpoint}: {fault}"),
            "sslnegotiation=direct needs PostgreSQL 17 or newer, without something else that ends TLS before it",
        ),
        Fault::ClearText => (
            format!(
                "{endpoint} asks for the password in clear text, and the connection is not encrypted: it was not sent"
            ),
            "have the server use scram-sha-256 in its pg_hba.conf, or encrypt the connection with sslmode=verify-full; on a network that you trust, set database.allow_cleartext_password=true",
        ),
    };
    Some(ConfigError::new(message).with_help(help))
}

fn of_tls(error: &TlsError, endpoint: &Endpoint, terms: &Terms) -> ConfigError {
    match error {
        TlsError::InvalidCertificate(error) => {
            let (reason, help) = of_certificate(error, terms);
            ConfigError::new(format!(
                "the certificate of {endpoint} is refused: {reason}"
            ))
            .with_help(help)
        }
        TlsError::AlertReceived(alert) => of_alert(*alert, endpoint, terms),
        error => ConfigError::new(format!("no TLS with {endpoint}: {error}"))
            .with_help("check that it is a PostgreSQL server, and what its log says"),
    }
}

/// What the server says against us, and what to do.
fn of_alert(alert: AlertDescription, endpoint: &Endpoint, terms: &Terms) -> ConfigError {
    let reason = match alert {
        AlertDescription::ProtocolVersion => {
            return ConfigError::new(format!(
                "{endpoint} speaks no version of TLS that the settings allow"
            ))
            .with_help("database.ssl_min_protocol_version and ssl_max_protocol_version allow TLSv1.2 and TLSv1.3 at the most; have the server speak one of them (its own ssl_min_protocol_version and ssl_max_protocol_version)");
        }
        AlertDescription::UnknownCA => "it does not trust the authority that signed it",
        AlertDescription::CertificateExpired => "it is expired, or not valid yet",
        AlertDescription::CertificateRevoked => "it is revoked",
        AlertDescription::CertificateRequired => "it wants one, and got none",
        AlertDescription::BadCertificate
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::AccessDenied
        | AlertDescription::DecryptError => "it says no more; its log does",
        alert => {
            return ConfigError::new(format!("{endpoint} ended the TLS handshake: {alert:?}"))
                .with_help("the log of the server says why");
        }
    };
    let shown = terms.shown.as_ref().map(|path| path.display().to_string());
    ConfigError::new(format!(
        "{endpoint} does not accept the client certificate {}: {reason}",
        shown.as_deref().unwrap_or("(none is set)")
    ))
    .with_help("name in database.sslcert and sslkey a certificate that an authority of the server's ssl_ca_file signed")
}

/// What speaks against the server's certificate, and what to do.
fn of_certificate(error: &CertificateError, terms: &Terms) -> (String, String) {
    let Terms {
        trusted, revoked, ..
    } = terms;
    let (reason, help) = match error {
        CertificateError::NotValidForNameContext { presented, .. } => return of_name(presented),
        CertificateError::NotValidForName => return of_name(&[]),
        CertificateError::ExpiredContext { not_after, .. } => (
            format!("it expired on {}", moment(*not_after)),
            "have it renewed, and check the clock of this machine",
        ),
        CertificateError::NotValidYetContext { not_before, .. } => (
            format!("it is not valid before {}", moment(*not_before)),
            "check the clock of this machine, and that of the one on which it was made",
        ),
        CertificateError::UnknownIssuer => (
            format!("no authority {trusted} signed it"),
            "name the file with the certificate of the authority that did in database.sslrootcert; where a server signed its own, that is the one. An authority between has to be in the server's ssl_cert_file, behind its own certificate",
        ),
        CertificateError::Revoked => (
            format!("the list in {revoked} says that it is revoked"),
            "have the server get a new one",
        ),
        CertificateError::UnknownRevocationStatus => (
            format!("no list in {revoked} is of the authority that signed it"),
            "name a file with the lists of all authorities between in database.sslcrl",
        ),
        CertificateError::ExpiredRevocationListContext { next_update, .. } => (
            format!(
                "the list in {revoked} that would say whether it is revoked expired on {}",
                moment(*next_update)
            ),
            "get the present list of the authority",
        ),
        CertificateError::BadSignature => (
            format!("its signature is not that of the authority {trusted} whose name it bears"),
            "check that database.sslrootcert holds the present certificate of the authority",
        ),
        error => of_form(&format!("{error:?}")),
    };
    (reason, help.to_owned())
}

fn of_name(presented: &[String]) -> (String, String) {
    if presented.is_empty() {
        let reason = "it names no host (subjectAltName); the common name alone, which libpq takes too, is not enough";
        let help = "have one made with subjectAltName = DNS:<host> or IP:<address>; sslmode=verify-ca compares no names";
        return (reason.to_owned(), help.to_owned());
    }
    let names: Vec<String> = presented.iter().map(|name| plain(name)).collect();
    let reason = format!("it is made out to {}, not to this host", names.join(", "));
    let help = "give one of its names in database.host (database.hostaddr may say where that is), or have one made for this host; sslmode=verify-ca compares no names";
    (reason, help.to_owned())
}

/// `DnsName("db.example")` without what is around the name.
fn plain(name: &str) -> String {
    let inner = name
        .split_once('(')
        .and_then(|(_, rest)| rest.strip_suffix(')'));
    inner.unwrap_or(name).trim_matches('"').to_owned()
}

/// What libpq takes and rustls does not; some of it has no name of its own there.
fn of_form(error: &str) -> (String, &'static str) {
    const MAKE: &str = "have one made of version 3, for a server (CA:FALSE), with subjectAltName, with RSA of 2048 bits or ECDSA, and SHA-256";
    let known = [
        (
            "CaUsedAsEndEntity",
            "it is one of an authority (CA:TRUE), as `openssl req -x509` makes it, and not one of a server",
        ),
        ("UnsupportedCertVersion", "it is of version 1"),
        (
            "UnsupportedSignatureAlgorithm",
            "its signature or its key is of a kind that is not safe",
        ),
        ("InvalidPurpose", "it was not made for a server"),
    ];
    let reason = known.into_iter().find(|(word, _)| error.contains(word));
    let reason = reason.map_or_else(|| error.to_owned(), |(_, reason)| reason.to_owned());
    (reason, MAKE)
}

fn moment(time: UnixTime) -> String {
    let seconds = i64::try_from(time.as_secs()).ok();
    let moment = seconds.and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
    moment
        .and_then(|moment| moment.format(&Rfc3339).ok())
        .unwrap_or_else(|| "an unknown day".to_owned())
}
