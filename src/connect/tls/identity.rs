//! Our own certificate and its key, for a server that asks who we are.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::terms::{default_file, read};
use crate::config::{ConfigError, Database};

/// Certificate with those of the authorities between, and key.
pub(super) struct Identity {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: PrivateKeyDer<'static>,
    /// For messages.
    pub(super) certificate_path: PathBuf,
    pub(super) key_path: PathBuf,
}

/// The certificate that the settings name, or that of libpq's default file; none where there is no such file.
pub(super) fn identity(
    settings: &Database,
    home: Option<&Path>,
) -> Result<Option<Identity>, ConfigError> {
    let certificate_path = match &settings.sslcert {
        Some(path) => PathBuf::from(path),
        None => match default_file(home, "postgresql.crt") {
            Some(path) => path,
            None => return Ok(None),
        },
    };
    let key_path = match &settings.sslkey {
        Some(path) => PathBuf::from(path),
        None => default_file(home, "postgresql.key").ok_or_else(|| {
            ConfigError::new(format!(
                "there is a client certificate, {}, and no key for it",
                certificate_path.display()
            ))
            .with_help("name the file of the key in database.sslkey (PGSSLKEY), or have it at ~/.postgresql/postgresql.key")
        })?,
    };
    Ok(Some(Identity {
        chain: chain(&certificate_path)?,
        key: key(&key_path)?,
        certificate_path,
        key_path,
    }))
}

fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, ConfigError> {
    let bytes = read(path, "database.sslcert")?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    match chain {
        Ok(chain) if !chain.is_empty() => Ok(chain),
        _ => Err(ConfigError::new(format!(
            "database.sslcert: {}: there is no certificate in it",
            path.display()
        ))
        .with_help("the file holds the client's certificate in PEM form, and behind it those of the authorities between")),
    }
}

/// Bits of a key's mode that let others at it: as in libpq, the group may read a key that is root's.
const OPEN_TO_OTHERS: u32 = 0o077;
const OPEN_TO_OTHERS_ROOT: u32 = 0o037;

fn key(path: &Path) -> Result<PrivateKeyDer<'static>, ConfigError> {
    let what = "database.sslkey";
    let shown = path.display();
    let metadata = std::fs::metadata(path)
        .map_err(|error| ConfigError::new(format!("{what}: {shown} cannot be read: {error}")))?;
    if !metadata.is_file() {
        return Err(ConfigError::new(format!(
            "{what}: {shown} is not a plain file"
        )));
    }
    let open = if metadata.uid() == 0 {
        OPEN_TO_OTHERS_ROOT
    } else {
        OPEN_TO_OTHERS
    };
    if metadata.mode() & open != 0 {
        return Err(
            ConfigError::new(format!("{what}: {shown} is open to others")).with_help(format!(
                "run chmod 0600 on it; 0640 will do where the file is root's (it is {:04o} now)",
                metadata.mode() & 0o7777
            )),
        );
    }
    let bytes = read(path, what)?;
    if is_encrypted(&bytes) {
        return Err(ConfigError::new(format!(
            "{what}: {shown} is encrypted, and there is nobody to ask for its passphrase"
        ))
        .with_help(format!(
            "decrypt it into a file that only this user can read: (umask 077; openssl pkey -in {shown} -out plain.key)"
        )));
    }
    PrivateKeyDer::from_pem_slice(&bytes).map_err(|_| {
        ConfigError::new(format!("{what}: {shown}: there is no private key in it")).with_help(
            "the file holds the key in PEM form (-----BEGIN PRIVATE KEY-----), as `openssl pkey` writes it",
        )
    })
}

/// PKCS #8 says so in the name, the older forms in a line below.
fn is_encrypted(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    text.contains("BEGIN ENCRYPTED PRIVATE KEY") || text.contains("Proc-Type: 4,ENCRYPTED")
}
