//! Authorities made on the spot, the certificates that they sign, and the lists of those that they take back.

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DnType, IsCa, Issuer,
    KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SerialNumber, SignatureAlgorithm,
};
use time::{Duration, OffsetDateTime};

/// Signs certificates.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its own certificate.
    pub(crate) pem: String,
}

/// A certificate and its key, in PEM.
pub(crate) struct Pair {
    pub(crate) certificate: String,
    pub(crate) key: String,
    serial: SerialNumber,
}

/// When a certificate is valid.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Valid {
    Now,
    UntilYesterday,
    FromTomorrow,
}

impl Valid {
    fn range(self) -> (OffsetDateTime, OffsetDateTime) {
        let now = OffsetDateTime::now_utc();
        let day = Duration::days(1);
        match self {
            Self::Now => (now - day, now + day),
            Self::UntilYesterday => (now - day * 9, now - day),
            Self::FromTomorrow => (now + day, now + day * 9),
        }
    }
}

fn params(name: &str, hosts: &[&str], valid: Valid) -> CertificateParams {
    let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
    let mut params = CertificateParams::new(hosts).expect("the hosts are names or addresses");
    params.distinguished_name.push(DnType::CommonName, name);
    (params.not_before, params.not_after) = valid.range();
    params
}

fn of_an_authority(name: &str) -> CertificateParams {
    let mut params = params(name, &[], Valid::Now);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn new_key() -> KeyPair {
    KeyPair::generate().expect("a key can be made")
}

impl Pair {
    /// What another program made.
    pub(crate) fn new(certificate: String, key: String) -> Self {
        Self {
            certificate,
            key,
            serial: SerialNumber::from(1),
        }
    }
}

impl Authority {
    /// An authority that nobody signed.
    pub(crate) fn new(name: &str) -> Self {
        let (params, key) = (of_an_authority(name), new_key());
        let certificate = params.self_signed(&key).expect("it signs itself");
        Self {
            pem: certificate.pem(),
            issuer: Issuer::new(params, key),
        }
    }

    /// An authority that this one signed.
    pub(crate) fn between(&self, name: &str) -> Self {
        let (params, key) = (of_an_authority(name), new_key());
        let certificate = params.signed_by(&key, &self.issuer).expect("it signs");
        Self {
            pem: certificate.pem(),
            issuer: Issuer::new(params, key),
        }
    }

    /// A certificate for a common name and for hosts.
    pub(crate) fn sign(&self, name: &str, hosts: &[&str], valid: Valid) -> Pair {
        let (mut params, key) = (params(name, hosts, valid), new_key());
        let serial = SerialNumber::from(
            OffsetDateTime::now_utc()
                .unix_timestamp_nanos()
                .to_be_bytes()[8..]
                .to_vec(),
        );
        params.serial_number = Some(serial.clone());
        let certificate = params.signed_by(&key, &self.issuer).expect("it signs");
        Pair {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
            serial,
        }
    }

    /// The list of what it takes back.
    pub(crate) fn take_back(&self, pairs: &[&Pair], valid: Valid) -> String {
        let (this_update, next_update) = valid.range();
        let revoked = |pair: &&Pair| RevokedCertParams {
            serial_number: pair.serial.clone(),
            revocation_time: this_update,
            reason_code: None,
            invalidity_date: None,
        };
        let params = CertificateRevocationListParams {
            this_update,
            next_update,
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: pairs.iter().map(revoked).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let list = params.signed_by(&self.issuer).expect("it signs");
        list.pem().expect("a list has a form in PEM")
    }
}

/// A certificate that nobody but its own key signed; as one of an authority, which `openssl req -x509` makes it, or not.
pub(crate) fn self_signed(name: &str, hosts: &[&str], of_authority: bool) -> Pair {
    let (mut params, key) = (params(name, hosts, Valid::Now), new_key());
    if of_authority {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    signed_by_itself(&params, &key)
}

/// As [`self_signed`], with a key of another kind.
pub(crate) fn self_signed_with(kind: &'static SignatureAlgorithm, name: &str) -> Pair {
    let key = KeyPair::generate_for(kind).expect("a key can be made");
    signed_by_itself(&params(name, &[name], Valid::Now), &key)
}

fn signed_by_itself(params: &CertificateParams, key: &KeyPair) -> Pair {
    let certificate = params.self_signed(key).expect("it signs itself");
    Pair::new(certificate.pem(), key.serialize_pem())
}
