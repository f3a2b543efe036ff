//! The two parts of a certificate that rustls does not give out. It judges no certificate.
//!
//! <https://www.rfc-editor.org/rfc/rfc5280#section-4.1>

use ring::digest::{Algorithm, SHA256, SHA384, SHA512, digest};

const SEQUENCE: u8 = 0x30;
const OBJECT_ID: u8 = 0x06;
const INTEGER: u8 = 0x02;
/// The version of a certificate; one of version 1 has none.
const VERSION: u8 = 0xa0;

/// 1.2.840.113549.1.1, to which follows MD5 (4), SHA-1 (5), PSS (10), SHA-256 (11), SHA-384 (12), SHA-512 (13).
const RSA: [u8; 8] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01];
/// 1.2.840.10045.4.1
const ECDSA_SHA1: [u8; 7] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01];
/// 1.2.840.10045.4.3, to which follows SHA-256 (2), SHA-384 (3), SHA-512 (4).
const ECDSA: [u8; 7] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03];
/// 2.16.840.1.101.3.4.2, to which follows SHA-256 (1), SHA-384 (2), SHA-512 (3).
const SHA2: [u8; 8] = [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02];

/// What SCRAM binds to: the certificate's hash by the hash function of its signature, but SHA-256 in the place of older
/// ones. None where the signature has no hash function of its own, as Ed25519.
///
/// <https://www.rfc-editor.org/rfc/rfc5929#section-4.1>
pub(super) fn end_point(certificate: &[u8]) -> Option<Vec<u8>> {
    let mut outer = Reader::new(certificate).enter(SEQUENCE)?;
    outer.take(SEQUENCE)?;
    let mut algorithm = outer.enter(SEQUENCE)?;
    let hash = hash_of(&mut algorithm)?;
    Some(digest(hash, certificate).as_ref().to_vec())
}

fn hash_of(algorithm: &mut Reader<'_>) -> Option<&'static Algorithm> {
    let id = algorithm.take(OBJECT_ID)?.content;
    if id == ECDSA_SHA1 {
        return Some(&SHA256);
    }
    let (last, family) = id.split_last()?;
    match (family, last) {
        (family, 4 | 5 | 11) if family == RSA => Some(&SHA256),
        (family, 12) if family == RSA => Some(&SHA384),
        (family, 13) if family == RSA => Some(&SHA512),
        (family, 10) if family == RSA => hash_of_pss(algorithm),
        (family, 2) if family == ECDSA => Some(&SHA256),
        (family, 3) if family == ECDSA => Some(&SHA384),
        (family, 4) if family == ECDSA => Some(&SHA512),
        _ => None,
    }
}

/// The hash function is the first of the parameters; SHA-1 where it is absent.
fn hash_of_pss(algorithm: &mut Reader<'_>) -> Option<&'static Algorithm> {
    const HASH: u8 = 0xa0;
    let Some(mut hash) = algorithm.enter(SEQUENCE)?.enter(HASH) else {
        return Some(&SHA256);
    };
    let id = hash.enter(SEQUENCE)?.take(OBJECT_ID)?.content;
    let (last, family) = id.split_last()?;
    match (family, last) {
        (family, 1) if family == SHA2 => Some(&SHA256),
        (family, 2) if family == SHA2 => Some(&SHA384),
        (family, 3) if family == SHA2 => Some(&SHA512),
        _ => None,
    }
}

/// The public key with its algorithm, in DER.
pub(super) fn public_key(certificate: &[u8]) -> Option<&[u8]> {
    let mut body = Reader::new(certificate).enter(SEQUENCE)?.enter(SEQUENCE)?;
    let _ = body.take(VERSION);
    body.take(INTEGER)?;
    // Signature algorithm, issuer, validity, subject.
    for _ in 0..4 {
        body.take(SEQUENCE)?;
    }
    Some(body.take(SEQUENCE)?.whole)
}

/// Reads DER element by element.
struct Reader<'a>(&'a [u8]);

struct Element<'a> {
    content: &'a [u8],
    whole: &'a [u8],
}

impl<'a> Reader<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The next element; none where it has another tag, and then it stays.
    fn take(&mut self, tag: u8) -> Option<Element<'a>> {
        let (&[first, short], rest) = self.0.split_first_chunk()?;
        if first != tag {
            return None;
        }
        let (length, head) = if short < 0x80 {
            (usize::from(short), 2)
        } else {
            let count = usize::from(short & 0x7f);
            let bytes = rest.get(..count).filter(|_| (1..=4).contains(&count))?;
            let length = bytes
                .iter()
                .fold(0, |sum, byte| sum << 8 | usize::from(*byte));
            (length, 2 + count)
        };
        let (whole, rest) = self.0.split_at_checked(head.checked_add(length)?)?;
        self.0 = rest;
        Some(Element {
            content: &whole[head..],
            whole,
        })
    }

    /// What is inside the next element.
    fn enter(&mut self, tag: u8) -> Option<Self> {
        Some(Self(self.take(tag)?.content))
    }
}
