//! Whom we trust: the certificates of authorities, and the lists of what they have taken back.

use std::path::Path;

use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer};

use super::terms::{default_file, read};
use crate::config::{ConfigError, Database, MOZILLA_ROOTS, SYSTEM_ROOTS};

/// Authorities, and where we know them from.
pub(super) struct Roots {
    pub(super) store: RootCertStore,
    pub(super) source: String,
}

/// The authorities that the settings name, or those of libpq's default file; none where there is no such file.
pub(super) fn roots(
    settings: &Database,
    home: Option<&Path>,
) -> Result<Option<Roots>, ConfigError> {
    let found = match settings.sslrootcert.as_deref() {
        Some(SYSTEM_ROOTS) => Some(system()?),
        Some(MOZILLA_ROOTS) => Some(mozilla()),
        Some(path) => Some(from_file(Path::new(path), "database.sslrootcert")?),
        None => match default_file(home, "root.crt") {
            Some(path) => Some(from_file(&path, "the default of database.sslrootcert")?),
            None => None,
        },
    };
    Ok(found)
}

fn mozilla() -> Roots {
    Roots {
        store: webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect(),
        source: "that Mozilla trusts".to_owned(),
    }
}

fn system() -> Result<Roots, ConfigError> {
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::debug!(%error, "not all authorities of the system can be read");
    }
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(found.certs);
    if store.is_empty() {
        return Err(ConfigError::new("database.sslrootcert: the system trusts no authorities, or has them in a place that is not known here")
            .with_help("install ca-certificates, name its file in SSL_CERT_FILE or in database.sslrootcert, or use the authorities built into this program with sslrootcert=mozilla"));
    }
    Ok(Roots {
        store,
        source: "that the system trusts".to_owned(),
    })
}

fn from_file(path: &Path, what: &str) -> Result<Roots, ConfigError> {
    let shown = path.display();
    let wrong =
        |reason: String| ConfigError::new(format!("{what}: {shown}: {reason}")).with_help(HELP);
    let bytes = read(path, what)?;
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&bytes) {
        let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
        store
            .add(certificate)
            .map_err(|error| wrong(error.to_string()))?;
    }
    if store.is_empty() {
        return Err(wrong("there is no certificate in it".to_owned()));
    }
    Ok(Roots {
        store,
        source: format!("in {shown}"),
    })
}

/// What a file of authorities has to be.
const HELP: &str =
    "the file holds one or more certificates in PEM form (-----BEGIN CERTIFICATE-----)";

/// Lists of what authorities have taken back, and where we know them from.
pub(super) struct Revoked {
    pub(super) lists: Vec<CertificateRevocationListDer<'static>>,
    pub(super) source: String,
}

/// The lists that the settings name, or those of libpq's default file.
pub(super) fn revoked(
    settings: &Database,
    home: Option<&Path>,
) -> Result<Option<Revoked>, ConfigError> {
    let (path, what) = match &settings.sslcrl {
        Some(path) => (path.into(), "database.sslcrl"),
        None => match default_file(home, "root.crl") {
            Some(path) => (path, "the default of database.sslcrl"),
            None => return Ok(None),
        },
    };
    let source = path.display().to_string();
    let bytes = read(&path, what)?;
    let lists: Result<Vec<_>, _> = CertificateRevocationListDer::pem_slice_iter(&bytes).collect();
    match lists {
        Ok(lists) if !lists.is_empty() => Ok(Some(Revoked { lists, source })),
        _ => Err(no_list(&source)),
    }
}

pub(super) fn no_list(source: &str) -> ConfigError {
    ConfigError::new(format!(
        "database.sslcrl: {source}: there is no list of revoked certificates in it"
    ))
    .with_help("the file holds one or more lists in PEM form (-----BEGIN X509 CRL-----)")
}
