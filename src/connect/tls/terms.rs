//! What the settings ask of an encrypted connection, and all that is needed to hold to it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::{CryptoProvider, ring};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, SupportedProtocolVersion};

use super::identity::{Identity, identity};
use super::trust::{Roots, no_list, revoked, roots};
use super::verifier::{AnyName, Anybody};
use super::{Way, Ways};
use crate::config::{
    ConfigError, Database, Environment, MOZILLA_ROOTS, SYSTEM_ROOTS, SslMode, SslNegotiation,
    TlsVersion,
};

/// The protocol inside, by the name that IANA has for it.
pub(super) const ALPN: &[u8] = b"postgresql";

/// What the settings ask of an encrypted connection.
pub(in crate::connect) struct Terms {
    pub(super) config: Arc<ClientConfig>,
    /// Its word stands in messages.
    pub(super) mode: SslMode,
    pub(super) measure: Measure,
    /// Which authorities are trusted, in words, and where the lists of what they have taken back are from.
    pub(super) trusted: String,
    pub(super) revoked: String,
    /// The file of our own certificate.
    pub(super) shown: Option<PathBuf>,
}

/// What is verified of the server's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Measure {
    /// Nothing, but that the server has its key.
    Nothing,
    /// That an authority that is trusted signed it.
    Authority,
    /// That it is also made out to the name of the host.
    Name,
}

impl Terms {
    /// The mode that holds: libpq's default, or the only one that will do for authorities that sign for everybody.
    pub(in crate::connect) fn mode(settings: &Database) -> Result<SslMode, ConfigError> {
        let word = settings.sslrootcert.as_deref();
        let for_everybody = word.filter(|word| [SYSTEM_ROOTS, MOZILLA_ROOTS].contains(word));
        let mode = match (settings.sslmode, for_everybody) {
            (None, None) => SslMode::Prefer,
            (None, Some(_)) => SslMode::VerifyFull,
            (Some(mode), Some(word)) if mode != SslMode::VerifyFull => {
                return Err(ConfigError::new(format!(
                    "database.sslmode is {}, which is too weak for sslrootcert={word}: its authorities sign for everybody",
                    mode.word()
                ))
                .with_help("use sslmode=verify-full, or name the file of your own authority in sslrootcert"));
            }
            (Some(mode), _) => mode,
        };
        let is_direct = settings.sslnegotiation == SslNegotiation::Direct;
        if is_direct && mode < SslMode::Require {
            return Err(ConfigError::new(format!(
                "database.sslmode is {}, which is too weak for sslnegotiation=direct: it cannot do without encryption",
                mode.word()
            ))
            .with_help("use sslmode=require, verify-ca or verify-full, or sslnegotiation=postgres"));
        }
        Ok(mode)
    }

    /// On which ways a connection is tried.
    pub(in crate::connect) fn ways(mode: SslMode, negotiation: SslNegotiation) -> Ways {
        match (mode, negotiation) {
            (SslMode::Disable, _) => Ways::PLAIN,
            (SslMode::Allow, _) => Ways {
                first: Way::Plain,
                second: Some(Way::Asked),
            },
            (SslMode::Prefer, _) => Ways {
                first: Way::Offered,
                second: Some(Way::Plain),
            },
            (_, SslNegotiation::Postgres) => Ways::only(Way::Asked),
            (_, SslNegotiation::Direct) => Ways::only(Way::Direct),
        }
    }

    /// Reads the files that the settings name.
    pub(in crate::connect) fn read(
        settings: &Database,
        mode: SslMode,
        environment: &Environment,
    ) -> Result<Self, ConfigError> {
        let home = environment.home();
        let home = home.as_deref();
        let provider = Arc::new(ring::default_provider());
        let roots = roots(settings, home)?;
        let measure = measure(mode, roots.is_some())?;
        let trusted = roots.as_ref().map(|roots| roots.source.clone());
        let (verifier, revoked) = verifier(settings, roots, measure, &provider, home)?;
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&versions(settings)?)
            .map_err(|error| ConfigError::new(format!("TLS cannot be set up: {error}")))?
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        let identity = identity(settings, home)?;
        let shown = identity.as_ref().map(|own| own.certificate_path.clone());
        let mut config = match identity {
            None => config.with_no_client_auth(),
            Some(Identity {
                chain,
                key,
                certificate_path,
                key_path,
            }) => config.with_client_auth_cert(chain, key).map_err(|error| {
                ConfigError::new(format!(
                    "the client certificate {} cannot be used with the key {}: {error}",
                    certificate_path.display(),
                    key_path.display()
                ))
                .with_help("the key is the one that the certificate was made for: RSA, ECDSA (P-256, P-384) or Ed25519")
            })?,
        };
        config.enable_sni = settings.sslsni;
        config.alpn_protocols = vec![ALPN.to_vec()];
        Ok(Self {
            config: Arc::new(config),
            mode,
            measure,
            trusted: trusted.unwrap_or_default(),
            revoked: revoked.unwrap_or_default(),
            shown,
        })
    }
}

/// libpq verifies the authority in every mode in which it knows one.
fn measure(mode: SslMode, has_roots: bool) -> Result<Measure, ConfigError> {
    match mode {
        SslMode::VerifyFull | SslMode::VerifyCa if !has_roots => Err(ConfigError::new(format!(
            "database.sslmode is {}, and no authority is known that could have signed the server's certificate",
            mode.word()
        ))
        .with_help("name its file in database.sslrootcert (PGSSLROOTCERT), have it at ~/.postgresql/root.crt, or use sslrootcert=system or sslrootcert=mozilla")),
        SslMode::VerifyFull => Ok(Measure::Name),
        _ if has_roots => Ok(Measure::Authority),
        _ => Ok(Measure::Nothing),
    }
}

type Verifier = Arc<dyn ServerCertVerifier>;

/// And where the lists of revoked certificates are from.
fn verifier(
    settings: &Database,
    roots: Option<Roots>,
    measure: Measure,
    provider: &Arc<CryptoProvider>,
    home: Option<&Path>,
) -> Result<(Verifier, Option<String>), ConfigError> {
    let Some(roots) = roots else {
        return Ok((Arc::new(Anybody(Arc::clone(provider))), None));
    };
    let store = Arc::new(roots.store);
    let mut builder = WebPkiServerVerifier::builder_with_provider(store, Arc::clone(provider));
    let mut source = String::new();
    if let Some(revoked) = revoked(settings, home)? {
        source = revoked.source;
        builder = builder
            .with_crls(revoked.lists)
            .enforce_revocation_expiration();
    }
    let verifier = builder.build().map_err(|_| no_list(&source))?;
    let verifier: Verifier = match measure {
        Measure::Name => verifier,
        Measure::Authority | Measure::Nothing => Arc::new(AnyName(verifier)),
    };
    Ok((verifier, Some(source)))
}

fn versions(settings: &Database) -> Result<Vec<&'static SupportedProtocolVersion>, ConfigError> {
    let oldest = settings.ssl_min_protocol_version;
    let newest = settings
        .ssl_max_protocol_version
        .unwrap_or(TlsVersion::V1_3);
    if newest < oldest {
        return Err(ConfigError::new(
            "database.ssl_max_protocol_version is older than database.ssl_min_protocol_version",
        ));
    }
    let all = [(TlsVersion::V1_2, &TLS12), (TlsVersion::V1_3, &TLS13)];
    let wanted = all
        .into_iter()
        .filter(|(version, _)| (oldest..=newest).contains(version));
    Ok(wanted.map(|(_, version)| version).collect())
}

/// One of libpq's files in the home folder; none where it is absent.
pub(super) fn default_file(home: Option<&Path>, name: &str) -> Option<PathBuf> {
    let path = home?.join(".postgresql").join(name);
    path.exists().then_some(path)
}

/// A file that the settings name. libpq does without some of them where they are absent; here what is named has to be
/// there, since a mistyped path would be silence where protection was meant.
pub(super) fn read(path: &Path, what: &str) -> Result<Vec<u8>, ConfigError> {
    std::fs::read(path).map_err(|error| {
        ConfigError::new(format!(
            "{what}: {} cannot be read: {error}",
            path.display()
        ))
    })
}
